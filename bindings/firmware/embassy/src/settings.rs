//! What the operator configures, in a flash sector of its own: where the broker is and what it calls itself.

use core::net::Ipv4Addr;

use heapless::String;

use crate::flash::SETTINGS;
use crate::machine::FlashChip;

/// Address, port, clock, length of the audience, audience: `mqtt/settings.h` has the same.
const LEN: usize = 8 + AUDIENCE_MAX;
const AUDIENCE_MAX: usize = 64;

/// The audience comes from here and never from the network, or an attacker's broker would name itself as it likes.
pub(crate) struct Settings {
    pub(crate) broker: Ipv4Addr,
    pub(crate) port: u16,
    /// Whether the board has a clock that is set.
    pub(crate) has_clock: bool,
    pub(crate) audience: String<AUDIENCE_MAX>,
}

impl Settings {
    /// Reads them, if they are there and well formed.
    pub(crate) fn read(flash: &FlashChip) -> Option<Self> {
        let mut bytes = [0; LEN];
        flash.read(SETTINGS, &mut bytes).ok()?;
        let ([a, b, c, d, high, low, clock, len], audience) = bytes.split_first_chunk()?;
        let audience = core::str::from_utf8(audience.get(..usize::from(*len))?).ok()?;
        Some(Self {
            broker: Ipv4Addr::new(*a, *b, *c, *d),
            port: u16::from_be_bytes([*high, *low]),
            has_clock: *clock == 1,
            audience: String::try_from(audience).ok()?,
        })
    }
}
