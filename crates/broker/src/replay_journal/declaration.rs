//! What is declared to a journal, and durable before it holds.

use mqward::UnixTime;

use super::marks::MarkSet;
use super::record::{Floors, Record, Run};
use super::{ReplayError, ReplayJournal};

impl ReplayJournal {
    /// Says that the marks are those of a backup: passwords up to `now` plus the window may have been used since, or plus a
    /// larger one that the store knows of.
    ///
    /// # Errors
    /// When it cannot be written. Nothing changes then.
    pub fn declare_restored(&self, now: UnixTime, window_secs: u16) -> Result<(), ReplayError> {
        let _syncing = self.syncing();
        let mut inner = self.inner();
        let epoch = inner.floors.epoch.saturating_add(1);
        let window_secs = window_secs.max(inner.run.window_secs);
        let window_secs = window_secs.max(inner.last_window_secs);
        let until = now.get().saturating_add(u32::from(window_secs));
        let floors = Floors {
            epoch,
            not_before: inner.floors.not_before.max(until),
            blind_epoch: epoch,
        };
        let written = inner
            .append(&Record::Floors(floors))
            .and_then(|()| inner.sync());
        if let Err(error) = written {
            return Err(self.failed(inner, &error));
        }
        inner.marks.set_floor();
        inner.floors = floors;
        Ok(())
    }

    /// Says in the journal and in the lock file, for good, that passwords are accepted in a larger window.
    pub(super) fn raise_window(&self, window_secs: u16) -> Result<(), ReplayError> {
        let _syncing = self.syncing();
        let mut inner = self.inner();
        if window_secs <= inner.run.window_secs {
            return Ok(());
        }
        let run = Run {
            window_secs,
            ..inner.run_by_now()
        };
        let written = inner.append(&Record::Run(run)).and_then(|()| inner.sync());
        if let Err(error) = written {
            return Err(self.failed(inner, &error));
        }
        let before = core::mem::replace(&mut inner.run, run);
        drop(inner);
        self.number_lock().inspect_err(|_| {
            // Asked again, it tries again.
            self.inner().run.window_secs = before.window_secs;
        })
    }

    /// Forgets a device: its next password passes whatever its counter. For development alone.
    ///
    /// # Errors
    /// When it cannot be written. Nothing changes then.
    pub fn forget(&self, client_id: &str) -> Result<(), ReplayError> {
        let mut inner = self.inner();
        inner
            .append(&Record::Forget { client_id })
            .map_err(|error| ReplayError::of_io(&self.path, &error))?;
        inner.marks.forget(client_id);
        Ok(())
    }
}
