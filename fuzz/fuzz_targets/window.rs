//! Deliveries, restarts with and without state: windows of two widths agree with a model that remembers everything.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use mqward::{Class, Direction, Judgement, Receipt, StrictMark, Window};
use mqward_fuzz::{WindowModel, at, sealed_messages};

const COUNTS: u32 = 200;

fuzz_target!(|steps: &[u8]| {
    static MESSAGES: OnceLock<Vec<Receipt>> = OnceLock::new();
    static COMMANDS: OnceLock<Vec<Receipt>> = OnceLock::new();
    let sealed = |direction| sealed_messages(direction, Class::Stored, 6, COUNTS);
    let messages = MESSAGES.get_or_init(|| sealed(Direction::Up));
    run::<1>(messages, steps);
    run::<2>(messages, steps);
    let commands = COMMANDS.get_or_init(|| sealed(Direction::Down));
    let mut mark = StrictMark::NONE;
    let mut last = (0, 0);
    for step in steps.chunks_exact(2) {
        // Each of the two is closed to what the other one is for.
        assert!(matches!(
            mark.judge(pick(messages, step)),
            Judgement::Closed
        ));
        let message = pick(commands, step);
        assert!(matches!(
            Window::<1>::new().judge(message),
            Judgement::Closed
        ));
        if let Judgement::Fresh(ticket) = mark.judge(message) {
            assert!(
                (message.boot(), message.count()) > last,
                "a command ran twice or late"
            );
            mark.commit(ticket).unwrap();
            last = (message.boot(), message.count());
            mark = StrictMark::from_u64(mark.get());
        } else {
            assert!((message.boot(), message.count()) <= last);
        }
    }
});

fn pick<'a>(messages: &'a [Receipt], step: &[u8]) -> &'a Receipt {
    &messages[usize::from(step[0] % 6) * COUNTS as usize + usize::from(step[1]) % COUNTS as usize]
}

fn run<const WORDS: usize>(messages: &[Receipt], steps: &[u8]) {
    let (mut window, mut model) = (Window::<WORDS>::new(), WindowModel::default());
    let mut stored = vec![0; Window::<WORDS>::EXPORT_LEN];
    for step in steps.chunks_exact(2) {
        if step[0] >= 250 {
            // The state may be older than the last effect: the cold rule is put on it. A skew below 60 counts as 60.
            window.set_cold(at(u32::from(step[1]) * 4), 3);
            model.set_cold(at(u32::from(step[1]) * 4 + 60).get());
        }
        let message = pick(messages, step);
        let expected = model.judge(message, 64 * WORDS as u32);
        match window.judge(message) {
            Judgement::Fresh(_) if step[0] >= 200 => assert_eq!(expected, "fresh"),
            Judgement::Fresh(ticket) => {
                assert_eq!(expected, "fresh");
                window.commit(ticket).unwrap();
                model.commit(message);
            }
            Judgement::Duplicate => assert_eq!(expected, "duplicate"),
            Judgement::TooOld => assert_eq!(expected, "too old"),
            Judgement::Closed => assert_eq!(expected, "closed"),
        }
        window.export(&mut stored).unwrap();
        assert_eq!(Window::<WORDS>::import(&stored).as_ref(), Ok(&window));
    }
}
