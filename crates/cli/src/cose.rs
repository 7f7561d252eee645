//! `mqward cose`: between the compact form of a sealed payload and COSE_Encrypt0.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use mqward::cose;

use crate::error::{CliError, Status};
use crate::input;
use crate::output::Encoding;

/// Conversions that need no key.
#[derive(Debug, Subcommand)]
pub(crate) enum CoseCommand {
    /// Write a sealed payload as a COSE_Encrypt0, which any COSE library opens
    ///
    /// The key is the sender key, the algorithm 24 (ChaCha20/Poly1305), the external AAD the Topic Name.
    Expand(CoseArgs),
    /// Write a COSE_Encrypt0 of a sealed payload in its compact form
    Compact(CoseArgs),
}

#[derive(Args, Debug)]
pub(crate) struct CoseArgs {
    /// How the input comes
    #[arg(long, value_enum, default_value_t = Encoding::Hex)]
    from: Encoding,
    /// How the output is printed
    #[arg(long, value_enum, default_value_t = Encoding::Hex)]
    to: Encoding,
    /// File to convert; standard input if it is missing or `-`
    #[arg(value_name = "FILE", default_value = "-")]
    input: PathBuf,
}

impl CoseCommand {
    pub(crate) fn run(&self) -> Result<Status, CliError> {
        let (Self::Expand(args) | Self::Compact(args)) = self;
        let bytes = args
            .from
            .decode(input::read(&args.input, 2 * input::MAX_PAYLOAD_LEN)?)?;
        let mut converted = vec![0; bytes.len() + cose::MAX_EXTRA_LEN];
        let len = match self {
            Self::Expand(_) => cose::expand(&bytes, &mut converted),
            Self::Compact(_) => cose::compact(&bytes, &mut converted),
        };
        let len = len.map_err(CliError::refused)?;
        converted.truncate(len);
        args.to.write(&converted)?;
        Ok(Status::Ok)
    }
}
