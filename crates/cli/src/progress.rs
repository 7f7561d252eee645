//! Where a long piece of work is, for who watches a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error. Where that is no terminal, nothing is printed.
pub(crate) fn bar(steps: usize, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX)).with_message(what);
    // The template is a literal; were it wrong, the default one would do.
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}
