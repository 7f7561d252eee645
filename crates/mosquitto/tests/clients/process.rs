//! What Linux tells about the broker's process: processor time, memory, descriptors.

use std::fs;
use std::path::PathBuf;

use mqward_testbed::Broker;

/// A running process.
#[derive(Clone)]
pub(crate) struct Process(PathBuf);

impl Process {
    pub(crate) fn of(broker: &Broker) -> Self {
        Self(format!("/proc/{}", broker.process_id()).into())
    }

    /// Processor time of all its threads, in nanoseconds; exact while none of them runs.
    pub(crate) fn cpu_nanos(&self) -> u64 {
        let threads = fs::read_dir(self.0.join("task")).unwrap();
        threads
            .map(|thread| {
                // proc(5): the first of three numbers is the time spent on a processor.
                let text = fs::read_to_string(thread.unwrap().path().join("schedstat"));
                let text = text.unwrap_or_default();
                text.split_whitespace()
                    .next()
                    .map_or(0, |nanos| nanos.parse::<u64>().unwrap())
            })
            .sum()
    }

    /// Resident memory that is no mapped file, in KiB.
    pub(crate) fn memory_kib(&self) -> u64 {
        let status = fs::read_to_string(self.0.join("status")).unwrap();
        let (_, rest) = status.split_once("RssAnon:").unwrap();
        rest.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Open files and sockets.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(self.0.join("fd")).unwrap().count()
    }
}
