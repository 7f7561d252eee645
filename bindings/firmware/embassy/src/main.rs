//! A device that speaks MQTT, without C: Embassy's executor and TCP, and mqward.
//!
//! `../mqtt` is the same device with FreeRTOS and lwIP; both print the same.

#![no_std]
#![no_main]

mod connection;
mod device;
mod ethernet;
mod flash;
mod machine;
mod settings;
mod ticks;

use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use cortex_m_rt::{entry, exception};
use embassy_executor::raw::Executor;
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use embassy_time::{Duration, Ticker, Timer};
use static_cell::StaticCell;

use connection::{MEASUREMENTS, connection};
use device::Device;
use ethernet::Ethernet;
use machine::{FlashChip, fail};
use settings::Settings;

/// The first pause before another attempt to connect, doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The interrupt of the Ethernet controller.
#[derive(Copy, Clone)]
struct EthernetInterrupt;

impl EthernetInterrupt {
    const NUMBER: u16 = 13;
}

// SAFETY: this board's number for it, which no other interrupt has.
unsafe impl InterruptNumber for EthernetInterrupt {
    fn number(self) -> u16 {
        Self::NUMBER
    }
}

/// Whether a task has something to do.
static WORK: AtomicBool = AtomicBool::new(false);

/// How Embassy says so.
#[unsafe(export_name = "__pender")]
fn pend(_: *mut ()) {
    WORK.store(true, Ordering::Release);
}

#[exception]
fn SysTick() {
    ticks::tick();
}

#[exception]
unsafe fn DefaultHandler(interrupt: i16) {
    match u16::try_from(interrupt) {
        Ok(EthernetInterrupt::NUMBER) => ethernet::interrupt(),
        _ => fail(interrupt),
    }
}

/// Measures, and never waits for the network: when the queue is full, the newest measurement is dropped.
#[embassy_executor::task]
async fn sensor() {
    let mut every = Ticker::every(Duration::from_secs(2));
    for tenths in (215..=240).cycle() {
        let _ = MEASUREMENTS.try_send(tenths);
        every.next().await;
    }
}

/// Moves frames.
#[embassy_executor::task]
async fn network(mut runner: Runner<'static, Ethernet>) {
    runner.run().await;
}

/// Has the keys and the counters to itself, and never gives up.
#[embassy_executor::task]
async fn link(stack: Stack<'static>, mut device: Device, settings: Settings, seed: u64) {
    let mut pause = FIRST_PAUSE;
    let mut random = seed;
    loop {
        let mut was_up = false;
        let end = connection(stack, &mut device, &settings, &mut was_up).await;
        line!("not connected: {end:?}");
        if was_up {
            pause = FIRST_PAUSE;
        }
        // A fleet that lost its broker must not come back in one moment: half of each pause is random.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let half = pause.as_millis() / 2;
        Timer::after_millis(half + (random >> 33) % half).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[entry]
fn main() -> ! {
    static EXECUTOR: StaticCell<Executor> = StaticCell::new();
    static RESOURCES: StaticCell<StackResources<2>> = StaticCell::new();

    let Some(ethernet) = Ethernet::start() else {
        fail("no Ethernet controller")
    };
    let mut flash = FlashChip::open().unwrap_or_else(|error| fail(error));
    let Some(settings) = Settings::read(&flash) else {
        fail("no settings")
    };
    let address = ethernet.address();
    let device = Device::start(&mut flash, &address, &settings).unwrap_or_else(|error| fail(error));
    line!("client {}\nboot {}", device.id(), device.boot());

    // For source ports and sequence numbers, never for keys: mqward needs no random numbers on a device.
    let [.., third, second, first] = address;
    let seed = u64::from(device.boot()) << 32 | u64::from(u32::from_be_bytes([0, third, second, first]));
    // The addresses of the emulator's user-mode network. A product would ask DHCP.
    let config = Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(Ipv4Address::new(10, 0, 2, 15), 24),
        gateway: Some(Ipv4Address::new(10, 0, 2, 2)),
        dns_servers: Default::default(),
    });
    let (stack, runner) = embassy_net::new(ethernet, config, RESOURCES.init(StackResources::new()), seed);

    if let Some(core) = cortex_m::Peripherals::take() {
        ticks::start(core.SYST);
    }
    // SAFETY: the handler is in place, and no critical section is left by masking single interrupts.
    unsafe { NVIC::unmask(EthernetInterrupt) };
    let executor = EXECUTOR.init(Executor::new(core::ptr::null_mut()));
    let spawner = executor.spawner();
    spawner.spawn(network(runner).unwrap_or_else(|error| fail(error)));
    spawner.spawn(sensor().unwrap_or_else(|error| fail(error)));
    spawner.spawn(link(stack, device, settings, seed).unwrap_or_else(|error| fail(error)));
    loop {
        // SAFETY: the one place from which this executor is polled.
        unsafe { executor.poll() };
        // Asleep with interrupts masked: one that comes between the look and the sleep still ends it. Embassy's own loop
        // waits for an event instead, which the emulator takes for "no operation".
        cortex_m::interrupt::free(|_| {
            if !WORK.swap(false, Ordering::AcqRel) {
                cortex_m::asm::wfi();
            }
        });
    }
}
