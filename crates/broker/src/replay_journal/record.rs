//! What stands in the records of a replay journal.

use mqward::{Mark, UnixTime};

/// A mark as the store keeps it, with the number of floors that were set before it.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    pub(super) mark: Mark,
    pub(super) epoch: u32,
}

/// What the store knows that it may have forgotten.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Floors {
    /// How many floors were set. A mark of this epoch is newer than all of them.
    pub(super) epoch: u32,
    /// Passwords up to this time may have been used, and the mark been forgotten. Seconds since 1970.
    pub(super) not_before: u32,
    /// The epoch of the newest floor that passwords without time must not pass either; 0 if there is none.
    pub(super) blind_epoch: u32,
}

/// The start of a process that writes the journal.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Run {
    /// Counts up. The lock file beside the journal has it too.
    pub(super) number: u64,
    /// Which boot of the machine it was, if the system tells.
    pub(super) boot: Option<[u8; 16]>,
    /// The number of the file in its file system: a copy has another one.
    pub(super) inode: u64,
    pub(super) window_secs: u16,
    pub(super) time: UnixTime,
}

/// One record.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Record<'a> {
    Mark {
        client_id: &'a str,
        entry: Entry,
    },
    Forget {
        client_id: &'a str,
    },
    Floors(Floors),
    Run(Run),
    /// All up to this offset was durable at this time.
    Synced {
        len: u64,
        time: UnixTime,
    },
    /// The process ended in order.
    Close {
        time: UnixTime,
    },
}

const MARK: u8 = 1;
const FORGET: u8 = 2;
const FLOORS: u8 = 3;
const RUN: u8 = 4;
const SYNCED: u8 = 5;
const CLOSE: u8 = 6;

impl<'a> Record<'a> {
    /// Writes the record over what is in `out`.
    pub(super) fn encode<'b>(&self, out: &'b mut Vec<u8>) -> &'b [u8] {
        out.clear();
        match *self {
            Self::Mark { client_id, entry } => {
                out.push(MARK);
                out.extend_from_slice(&entry.mark.get().to_be_bytes());
                out.extend_from_slice(&entry.epoch.to_be_bytes());
                out.extend_from_slice(client_id.as_bytes());
            }
            Self::Forget { client_id } => {
                out.push(FORGET);
                out.extend_from_slice(client_id.as_bytes());
            }
            Self::Floors(floors) => {
                out.push(FLOORS);
                for number in [floors.epoch, floors.not_before, floors.blind_epoch] {
                    out.extend_from_slice(&number.to_be_bytes());
                }
            }
            Self::Run(run) => {
                out.push(RUN);
                out.extend_from_slice(&run.number.to_be_bytes());
                out.push(u8::from(run.boot.is_some()));
                out.extend_from_slice(&run.boot.unwrap_or_default());
                out.extend_from_slice(&run.inode.to_be_bytes());
                out.extend_from_slice(&run.window_secs.to_be_bytes());
                out.extend_from_slice(&run.time.get().to_be_bytes());
            }
            Self::Synced { len, time } => {
                out.push(SYNCED);
                out.extend_from_slice(&len.to_be_bytes());
                out.extend_from_slice(&time.get().to_be_bytes());
            }
            Self::Close { time } => {
                out.push(CLOSE);
                out.extend_from_slice(&time.get().to_be_bytes());
            }
        }
        out
    }

    /// Reads a record; `None` for one that this program does not know.
    pub(super) fn decode(body: &'a [u8]) -> Option<Self> {
        let (kind, mut rest) = body.split_first()?;
        let record = match *kind {
            MARK => {
                let mark = Mark::from_u64(u64::from_be_bytes(take(&mut rest)?))?;
                let epoch = u32::from_be_bytes(take(&mut rest)?);
                Self::Mark {
                    client_id: text(&mut rest)?,
                    entry: Entry { mark, epoch },
                }
            }
            FORGET => Self::Forget {
                client_id: text(&mut rest)?,
            },
            FLOORS => Self::Floors(Floors {
                epoch: u32::from_be_bytes(take(&mut rest)?),
                not_before: u32::from_be_bytes(take(&mut rest)?),
                blind_epoch: u32::from_be_bytes(take(&mut rest)?),
            }),
            RUN => {
                let number = u64::from_be_bytes(take(&mut rest)?);
                let [has_boot] = take(&mut rest)?;
                let boot = take(&mut rest)?;
                Self::Run(Run {
                    number,
                    boot: (has_boot == 1).then_some(boot),
                    inode: u64::from_be_bytes(take(&mut rest)?),
                    window_secs: u16::from_be_bytes(take(&mut rest)?),
                    time: time(&mut rest)?,
                })
            }
            SYNCED => Self::Synced {
                len: u64::from_be_bytes(take(&mut rest)?),
                time: time(&mut rest)?,
            },
            CLOSE => Self::Close {
                time: time(&mut rest)?,
            },
            _ => return None,
        };
        rest.is_empty().then_some(record)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn time(rest: &mut &[u8]) -> Option<UnixTime> {
    UnixTime::from_secs(u64::from(u32::from_be_bytes(take(rest)?)))
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let text = core::str::from_utf8(rest).ok()?;
    *rest = &[];
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use mqward::Generation;

    use super::*;

    #[test]
    fn records_travel_there_and_back_and_no_shorter_one_is_taken_for_them() {
        let mark = Mark::new(Generation::new(200).unwrap(), 7, 9).unwrap();
        let time = UnixTime::from_secs(1_767_225_600).unwrap();
        let run = Run {
            number: 3,
            boot: Some([5; 16]),
            inode: 12,
            window_secs: 60,
            time,
        };
        for record in [
            Record::Mark {
                client_id: "a",
                entry: Entry { mark, epoch: 4 },
            },
            Record::Forget { client_id: "b" },
            Record::Floors(Floors {
                epoch: 1,
                not_before: 2,
                blind_epoch: 3,
            }),
            Record::Run(run),
            Record::Run(Run { boot: None, ..run }),
            Record::Synced { len: 99, time },
            Record::Close { time },
        ] {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            for end in 0..bytes.len() {
                assert_ne!(Record::decode(&bytes[..end]), Some(record));
            }
            assert_eq!(Record::decode(&bytes), Some(record));
        }
        assert_eq!(Record::decode(&[77, 0]), None);
    }
}
