//! Embassy's time, from SysTick.

use core::cell::{Cell, RefCell};
use core::task::Waker;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use embassy_sync::blocking_mutex::CriticalSectionMutex;
use embassy_time_driver::{Driver, TICK_HZ, time_driver_impl};
use embassy_time_queue_utils::Queue;

/// Hertz of the processor.
const CLOCK_HZ: u64 = 25_000_000;

struct Ticks {
    count: CriticalSectionMutex<Cell<u64>>,
    queue: CriticalSectionMutex<RefCell<Queue>>,
}

time_driver_impl!(static TICKS: Ticks = Ticks {
    count: CriticalSectionMutex::new(Cell::new(0)),
    queue: CriticalSectionMutex::new(RefCell::new(Queue::new())),
});

impl Driver for Ticks {
    fn now(&self) -> u64 {
        self.count.lock(Cell::get)
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        // The next tick looks at it, at the latest.
        self.queue.lock(|queue| queue.borrow_mut().schedule_wake(at, waker));
    }
}

/// Starts the ticks.
pub(crate) fn start(mut timer: SYST) {
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload((CLOCK_HZ / TICK_HZ - 1) as u32);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
}

/// Called by the interrupt.
pub(crate) fn tick() {
    let now = TICKS.count.lock(|count| {
        count.set(count.get() + 1);
        count.get()
    });
    TICKS.queue.lock(|queue| queue.borrow_mut().next_expiration(now));
}
