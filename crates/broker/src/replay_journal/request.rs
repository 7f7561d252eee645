//! Marks on their way from one store to another: export, merge, and requests to a broker that is running.

use core::time::Duration;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::PoisonError;
use std::thread;
use std::time::Instant;

use mqward::{ClientId, Generation, Mark};

use super::contents::Contents;
use super::marks::{IdMarks, MarkSet};
use super::record::{Entry, Record};
use super::retry::LONGEST_WAIT;
use super::start::beside;
use super::{ReplayError, ReplayJournal};
use crate::journal::sync_folder;

/// How many marks are merged before logins get their turn, and for how long they have it.
const CHUNK: usize = 1024;
const PAUSE: Duration = Duration::from_millis(1);

/// The header line of a file of marks.
const HEADER: [&str; 5] = ["client_id", "generation", "boot", "count", "known"];

/// A mark with its client id, outside of a store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReplayMark {
    /// The Client Identifier.
    pub client_id: String,
    /// The mark; `None` forgets the device (for development alone).
    pub mark: Option<Mark>,
    /// Somebody vouches that no later password was ever accepted: a cold start no longer closes the device's passwords
    /// without time. Otherwise the mark is a lower bound only, as one from a backup is.
    pub is_last: bool,
}

impl ReplayMark {
    /// Reads marks from CSV: `client_id,generation,boot,count,known`, `known` being `last` or `at-least`; a line
    /// with nothing but a client id forgets.
    ///
    /// # Errors
    /// [`ReplayError::Line`] for the first malformed line.
    pub fn read_csv(csv: impl Read) -> Result<Vec<Self>, ReplayError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
        let wrong = |line: u64, reason: &str| ReplayError::Line {
            line,
            reason: reason.to_owned(),
        };
        let headers = reader
            .headers()
            .map_err(|error| wrong(1, &error.to_string()))?;
        if *headers != HEADER[..] {
            return Err(wrong(
                1,
                &format!("the first line is `{}`", HEADER.join(",")),
            ));
        }
        let mut marks = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| {
                wrong(
                    error.position().map_or(0, csv::Position::line),
                    &error.to_string(),
                )
            })?;
            let line = record.position().map_or(0, csv::Position::line);
            let fields: Vec<&str> = record.iter().collect();
            let mark = Self::parse(&fields).ok_or_else(|| {
                wrong(line, "a line is a client id, a generation 1 to 255, boot and count, and last or at-least")
            })?;
            marks.push(mark);
        }
        Ok(marks)
    }

    fn parse(fields: &[&str]) -> Option<Self> {
        let [client_id, generation, boot, count, known] = fields else {
            return None;
        };
        let client_id = ClientId::new(client_id).ok()?.as_str().to_owned();
        if [generation, boot, count, known]
            .iter()
            .all(|field| field.is_empty())
        {
            return Some(Self {
                client_id,
                mark: None,
                is_last: false,
            });
        }
        let generation = Generation::new(generation.parse().ok()?).ok()?;
        Some(Self {
            client_id,
            mark: Some(Mark::new(
                generation,
                boot.parse().ok()?,
                count.parse().ok()?,
            )?),
            is_last: match *known {
                "last" => true,
                "at-least" => false,
                _ => return None,
            },
        })
    }

    /// Writes marks as [`read_csv`](Self::read_csv) reads them.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn write_csv(marks: &[Self], output: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(output);
        writer.write_record(HEADER)?;
        for ReplayMark {
            client_id,
            mark,
            is_last,
        } in marks
        {
            match mark {
                None => writer.write_record([client_id.as_str(), "", "", "", ""])?,
                Some(mark) => writer.write_record([
                    client_id.as_str(),
                    &mark.generation().to_string(),
                    &mark.boot().to_string(),
                    &mark.count().to_string(),
                    if *is_last { "last" } else { "at-least" },
                ])?,
            }
        }
        writer.flush()
    }
}

impl ReplayJournal {
    /// The marks in a journal, in the order of client ids, also while a broker has it open.
    ///
    /// They are lower bounds: a broker may accept a password while they are read.
    ///
    /// # Errors
    /// When the file cannot be read or is no replay journal.
    pub fn read_marks(path: &Path) -> Result<Vec<ReplayMark>, ReplayError> {
        let (contents, _) = Contents::<IdMarks>::read(path)?;
        let marks = contents.marks.iter().map(|(client_id, entry)| ReplayMark {
            client_id: client_id.to_owned(),
            mark: Some(entry.mark),
            is_last: false,
        });
        let mut marks: Vec<_> = marks.collect();
        marks.sort_by(|a, b| a.client_id.cmp(&b.client_id));
        Ok(marks)
    }

    /// Takes marks over where they are higher than the stored ones, and says how many were. All are durable then.
    ///
    /// Logins go on meanwhile.
    ///
    /// # Errors
    /// When they cannot be written. Those that were are in force: marks only grow.
    pub fn merge(&self, marks: &[ReplayMark]) -> Result<usize, ReplayError> {
        let failed = |error: io::Error| ReplayError::of_io(&self.path, &error);
        if self.inner().broken {
            return Err(failed(io::Error::other("an earlier sync failed")));
        }
        let mut merged = 0;
        for (index, some) in marks.chunks(CHUNK).enumerate() {
            if index > 0 {
                // Whoever waits for the lock would not get it in the instant that it is free.
                thread::sleep(PAUSE);
            }
            merged += self.merge_some(some).map_err(failed)?;
        }
        let inner = self.inner();
        let place = inner.place();
        drop(inner);
        self.make_durable(place).map_err(failed)?;
        Ok(merged)
    }

    /// A part of a merge, which logins wait for.
    fn merge_some(&self, marks: &[ReplayMark]) -> io::Result<usize> {
        let mut inner = self.inner();
        let mut merged = 0;
        for ReplayMark {
            client_id,
            mark,
            is_last,
        } in marks
        {
            let Some(mark) = *mark else {
                inner.append(&Record::Forget { client_id })?;
                inner.marks.forget(client_id);
                merged += 1;
                continue;
            };
            let floors = inner.floors;
            let found = inner.marks.find(client_id);
            let stored = found.stored;
            let is_newest = stored.is_none_or(|stored| stored.mark <= mark);
            let epoch = match (is_last, stored) {
                // Vouched for is what was given, not a higher mark that was here before.
                (true, _) if is_newest => floors.epoch,
                (_, Some(stored)) if stored.after_floor && is_newest => floors.blind_epoch,
                _ => 0,
            };
            let entry = Entry { mark, epoch };
            // In any case: the higher mark may be another id's, whose slot this one shares.
            inner.append(&Record::Mark { client_id, entry })?;
            let new = entry.stored(floors);
            if !is_newest || stored == Some(new) {
                continue;
            }
            inner.marks.set(client_id, found, new);
            merged += 1;
        }
        Ok(merged)
    }

    /// Asks the broker that has the journal at `path` open to [`merge`](Self::merge) marks; it does within seconds.
    ///
    /// # Errors
    /// [`ReplayError::RequestPending`], or that the file beside the journal cannot be written.
    pub fn request_merge(path: &Path, marks: &[ReplayMark]) -> Result<(), ReplayError> {
        let request = beside(path, ".request");
        let draft = beside(path, &format!(".request-{}", std::process::id()));
        let failed = |error: io::Error| ReplayError::of_io(&request, &error);
        let mut text = Vec::new();
        ReplayMark::write_csv(marks, &mut text).map_err(failed)?;
        fs::write(&draft, text).map_err(failed)?;
        // A link, unlike a rename, never replaces a request that is waiting.
        let placed = fs::hard_link(&draft, &request);
        drop(fs::remove_file(&draft));
        match placed {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(ReplayError::RequestPending { path: request })
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Does what a command asked for, if one did. What failed is not tried again each time: it may write all of it.
    pub(super) fn take_request(
        &self,
        now: Instant,
        notices: &mut Vec<String>,
    ) -> Result<(), ReplayError> {
        let request = beside(&self.path, ".request");
        let failed = |error: io::Error| ReplayError::of_io(&request, &error);
        let file = match fs::File::open(&request) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        let mut retry = self
            .request_retry
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !retry.is_due(now, LONGEST_WAIT, || None) {
            return Ok(());
        }
        match ReplayMark::read_csv(file) {
            Ok(marks) => match self.merge(&marks) {
                Ok(merged) => notices.push(format!(
                    "merged {merged} of {} replay marks on request",
                    marks.len()
                )),
                Err(error) => {
                    let error = io::Error::other(error.to_string());
                    notices.extend(retry.failed(now, &error, (0, None)).map(|reason| {
                        format!("replay store: {reason}: what was to merge waits, and is tried again from time to time")
                    }));
                    return Ok(());
                }
            },
            Err(error) => notices.push(format!(
                "a request to merge replay marks was refused: {error}"
            )),
        }
        let removed = fs::remove_file(&request).and_then(|()| sync_folder(&request));
        match removed {
            Ok(()) => {
                retry.done();
                Ok(())
            }
            Err(error) => {
                // It would be merged again.
                retry.failed(now, &error, (0, None));
                Err(failed(error))
            }
        }
    }
}
