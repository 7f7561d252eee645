//! Driver of the SMSC LAN9118 for embassy-net: frames go through its FIFOs, reception interrupts, sending does not.

use core::ptr;
use core::task::Context;

use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embassy_sync::waitqueue::AtomicWaker;

// Registers: LAN9118 data sheet, chapter 5.
const BASE: usize = 0x4020_0000;
const RX_DATA_FIFO: usize = 0x00;
const TX_DATA_FIFO: usize = 0x20;
const RX_STATUS_FIFO: usize = 0x40;
const TX_STATUS_FIFO: usize = 0x48;
const IRQ_CFG: usize = 0x54;
const INT_STS: usize = 0x58;
const INT_EN: usize = 0x5c;
const BYTE_TEST: usize = 0x64;
const FIFO_INT: usize = 0x68;
const TX_CFG: usize = 0x70;
const HW_CFG: usize = 0x74;
const RX_FIFO_INF: usize = 0x7c;
const TX_FIFO_INF: usize = 0x80;
const MAC_CSR_CMD: usize = 0xa4;
const MAC_CSR_DATA: usize = 0xa8;
const E2P_CMD: usize = 0xb0;

/// An interrupt line that is push-pull, active high and enabled.
const IRQ_CFG_HIGH: u32 = 1 << 8 | 1 << 4 | 1;
/// More frames wait than FIFO_INT says.
const INT_RX_STATUS_LEVEL: u32 = 1 << 3;
const TX_CFG_ON: u32 = 1 << 1;
/// A bit that must be one, and 5 of 16 KiB for sending.
const HW_CFG_FIFOS: u32 = 1 << 20 | 5 << 16;
const HW_CFG_RESET: u32 = 1;
const BUSY: u32 = 1 << 31;
const MAC_CSR_READ: u32 = 1 << 30;
const MAC_CR: u32 = 1;
const MAC_CR_ON: u32 = 1 << 3 | 1 << 2;
const MAC_ADDRESS_HIGH: u32 = 2;
const MAC_ADDRESS_LOW: u32 = 3;
/// First and last segment of a frame at once.
const TX_WHOLE_FRAME: u32 = 1 << 13 | 1 << 12;
const RX_ERROR: u32 = 1 << 15;
const CRC_LEN: usize = 4;

/// Bytes of the longest frame without its checksum.
const MTU: usize = 1514;
const BUFFER: usize = MTU + CRC_LEN + 2;

/// Who waits for a frame.
static RECEIVER: AtomicWaker = AtomicWaker::new();

fn read(register: usize) -> u32 {
    // SAFETY: a register of the chip, which this file alone touches.
    unsafe { ptr::read_volatile((BASE + register) as *const u32) }
}

fn write(register: usize, value: u32) {
    // SAFETY: as above.
    unsafe { ptr::write_volatile((BASE + register) as *mut u32, value) };
}

fn wait_while(register: usize, bit: u32) {
    while read(register) & bit != 0 {}
}

fn mac_read(index: u32) -> u32 {
    write(MAC_CSR_CMD, BUSY | MAC_CSR_READ | index);
    wait_while(MAC_CSR_CMD, BUSY);
    read(MAC_CSR_DATA)
}

fn mac_write(index: u32, value: u32) {
    write(MAC_CSR_DATA, value);
    write(MAC_CSR_CMD, BUSY | index);
    wait_while(MAC_CSR_CMD, BUSY);
}

/// Called by the interrupt: silent until the frames were fetched.
pub(crate) fn interrupt() {
    write(INT_EN, 0);
    RECEIVER.wake();
}

/// The chip.
pub(crate) struct Ethernet {
    address: [u8; 6],
    received: [u8; BUFFER],
    sent: [u8; BUFFER],
}

impl Ethernet {
    /// Resets the chip and reads the MAC address that it loaded from its EEPROM. None if there is no such chip.
    pub(crate) fn start() -> Option<Self> {
        if read(BYTE_TEST) != 0x8765_4321 {
            return None;
        }
        write(HW_CFG, HW_CFG_RESET);
        wait_while(HW_CFG, HW_CFG_RESET);
        wait_while(E2P_CMD, BUSY);
        write(HW_CFG, HW_CFG_FIFOS);
        let [a, b, c, d] = mac_read(MAC_ADDRESS_LOW).to_le_bytes();
        let [e, f, ..] = mac_read(MAC_ADDRESS_HIGH).to_le_bytes();
        write(TX_CFG, TX_CFG_ON);
        mac_write(MAC_CR, MAC_CR_ON);
        write(FIFO_INT, 0);
        write(INT_STS, u32::MAX);
        write(IRQ_CFG, IRQ_CFG_HIGH);
        Some(Self {
            address: [a, b, c, d, e, f],
            received: [0; BUFFER],
            sent: [0; BUFFER],
        })
    }

    pub(crate) fn address(&self) -> [u8; 6] {
        self.address
    }
}

/// A received frame.
pub(crate) struct Frame<'a>(&'a mut [u8]);

/// The right to send a frame.
pub(crate) struct Sending<'a>(&'a mut [u8; BUFFER]);

impl RxToken for Frame<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let len = len.min(MTU);
        let result = f(&mut self.0[..len]);
        let command = len as u32;
        write(TX_DATA_FIFO, TX_WHOLE_FRAME | command);
        write(TX_DATA_FIFO, command << 16 | command);
        for word in self.0[..len.next_multiple_of(4)].chunks_exact(4) {
            write(TX_DATA_FIFO, u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        }
        result
    }
}

impl Driver for Ethernet {
    type RxToken<'a> = Frame<'a>;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Frame<'_>, Sending<'_>)> {
        while read(RX_FIFO_INF) >> 16 & 0xff != 0 {
            write(INT_STS, INT_RX_STATUS_LEVEL);
            let status = read(RX_STATUS_FIFO);
            let len = (status >> 16 & 0x3fff) as usize;
            for start in (0..len).step_by(4) {
                let word = read(RX_DATA_FIFO).to_le_bytes();
                if let Some(place) = self.received.get_mut(start..start + 4) {
                    place.copy_from_slice(&word);
                }
            }
            if status & RX_ERROR == 0 && (CRC_LEN..=MTU + CRC_LEN).contains(&len) {
                return Some((Frame(&mut self.received[..len - CRC_LEN]), Sending(&mut self.sent)));
            }
        }
        RECEIVER.register(cx.waker());
        write(INT_EN, INT_RX_STATUS_LEVEL);
        None
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<Sending<'_>> {
        while read(TX_FIFO_INF) >> 16 & 0xff != 0 {
            read(TX_STATUS_FIFO);
        }
        if (read(TX_FIFO_INF) & 0xffff) as usize >= BUFFER + 8 {
            return Some(Sending(&mut self.sent));
        }
        cx.waker().wake_by_ref();
        None
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = MTU;
        capabilities.max_burst_size = Some(1);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.address)
    }
}
