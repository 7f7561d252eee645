//! Memory that a C caller points into, and the arguments that he makes of it: NULL, misaligned, overlapping, too long.

use std::any::TypeId;
use std::collections::HashMap;
use std::ffi::{c_char, c_void};
use std::ops::Range;

use mqward_ffi::*;

/// Bytes of the arena.
const LEN: usize = 2048;
/// The first byte that only functions write to: the text of the input lies before it.
const TEXT: usize = 512;
/// No object is longer.
const ABSURD: usize = usize::MAX >> 1;

/// One block of memory, whose every byte a pointer of the input may point to.
pub struct Arena<'i> {
    memory: Box<[u128; LEN / 16]>,
    input: &'i [u8],
    /// Structs as a function left them, by place and type: only those are handed in again. A struct that is neither
    /// zero nor as it was set up is the caller's mistake, and nothing is promised for it.
    live: HashMap<(usize, TypeId), Vec<u8>>,
    call: Call,
}

/// What is known about the call whose arguments are being drawn.
#[derive(Default)]
struct Call {
    /// What it may write to.
    outputs: Vec<Range<usize>>,
    /// Which of these are structs to be remembered.
    structs: Vec<(usize, TypeId, usize)>,
    /// How far the pointer before has room, if it is one to bytes.
    room: Option<usize>,
    /// Structs with private contents, each with its type.
    private: Vec<(Range<usize>, TypeId)>,
    /// Structs that were written because they point on.
    pointing: Vec<Range<usize>>,
    /// Whether some pointer is one that is always refused.
    wrong: bool,
}

impl<'i> Arena<'i> {
    /// An arena that begins with the first part of `input`; the rest of it draws the calls.
    #[must_use]
    pub fn new(input: &'i [u8]) -> Self {
        let text = input.len().min(TEXT) / 2;
        let (text, rest) = input.split_at(text);
        let mut arena = Self {
            memory: Box::new([0; LEN / 16]),
            input: rest,
            live: HashMap::new(),
            call: Call::default(),
        };
        arena.put(0, text);
        arena
    }

    /// The next byte of the input, or `None` at its end.
    pub fn step(&mut self) -> Option<u8> {
        let (first, rest) = self.input.split_first()?;
        self.input = rest;
        Some(*first)
    }

    fn byte(&mut self) -> u8 {
        self.step().unwrap_or(0)
    }

    fn base(&mut self) -> *mut u8 {
        self.memory.as_mut_ptr().cast()
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: integers have no padding.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().cast(), LEN) }
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        // SAFETY: integers have no padding, and every bit pattern is one.
        let all = unsafe { std::slice::from_raw_parts_mut(self.base(), LEN) };
        all[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Calls a function with arguments drawn from the input, and checks what may be said about every call.
    pub fn call(
        &mut self,
        name: &str,
        function: impl FnOnce(&mut Self) -> Box<dyn FnOnce() -> i32>,
    ) {
        self.call = Call::default();
        let bound = function(self);
        if self.is_forged() {
            return;
        }
        let before = self.bytes().to_vec();
        let status = bound();
        let call = std::mem::take(&mut self.call);
        assert_ne!(status, MQWARD_ERR_PANIC, "{name}");
        assert!((-999..=0).contains(&status), "{name}: {status}");
        // What wipes takes NULL, and says nothing.
        let mute = matches!(name, "mqward_sealer_wipe" | "mqward_opener_wipe");
        assert!(
            mute || !call.wrong || status != MQWARD_OK,
            "{name} took NULL or a misaligned struct"
        );
        // "Outputs are written only on success, with two exceptions."
        let cleared = matches!(
            (name, status),
            ("mqward_open_in_place", MQWARD_ERR_REFUSED)
                | ("mqward_resume_wake", MQWARD_ERR_NO_RESUME_RECORD)
        );
        for (at, (old, new)) in before.iter().zip(self.bytes()).enumerate() {
            let allowed = (status == MQWARD_OK || cleared)
                && call.outputs.iter().any(|out| out.contains(&at));
            assert!(
                old == new || allowed,
                "{name} ({status}) wrote to byte {at}"
            );
        }
        if status == MQWARD_OK {
            for (at, kind, size) in call.structs {
                let bytes = self.bytes()[at..at + size].to_vec();
                self.live.insert((at, kind), bytes);
            }
        }
    }

    /// A place for a `T`: mostly aligned, sometimes not, sometimes NULL.
    fn place<T>(&mut self) -> *mut T {
        let choice = self.byte();
        if choice == 255 {
            self.call.wrong = true;
            return std::ptr::null_mut();
        }
        // Few places, so that what one function sets up another one finds.
        let places = (LEN - TEXT) / 128;
        let mut at = TEXT + usize::from(choice) % places * 128;
        if choice >= 224 {
            at += usize::from(self.byte()) % 128;
        }
        let at = at.min(LEN - size_of::<T>());
        self.call.wrong |= at % align_of::<T>() != 0;
        self.base().wrapping_add(at).cast()
    }

    fn offset<T>(&mut self, pointer: *const T) -> usize {
        pointer.addr() - self.base().addr()
    }

    /// A pointer to bytes anywhere, with the room behind it; (NULL, 0) at times.
    fn text(&mut self) -> (*mut u8, usize) {
        let choice = self.byte();
        if choice == 255 {
            return (std::ptr::null_mut(), 0);
        }
        let at = (usize::from(choice) << 8 | usize::from(self.byte())) % LEN;
        (self.base().wrapping_add(at), LEN - at)
    }

    fn length(&mut self, room: usize) -> usize {
        match self.byte() {
            255 => ABSURD + 1 + usize::from(self.byte()),
            254 => usize::MAX - usize::from(self.byte()),
            short @ 0..128 => usize::from(short).min(room),
            long => (usize::from(long) << 3).min(room),
        }
    }

    /// Makes a struct with private contents one that a function set up here, or one that none did.
    fn only_live<T: 'static>(&mut self, at: usize) {
        let range = at..at + size_of::<T>();
        if !self.is_as_set_up(&range, TypeId::of::<T>()) {
            self.put(at, &[0; 4]);
        }
        self.call.private.push((range, TypeId::of::<T>()));
    }

    fn is_as_set_up(&self, range: &Range<usize>, kind: TypeId) -> bool {
        let left = self.live.get(&(range.start, kind));
        left.is_some_and(|bytes| *bytes == self.bytes()[range.clone()])
    }

    /// Whether the structs of a call lie across each other so that one of them holds neither zeros nor what was set up.
    fn is_forged(&self) -> bool {
        let meet = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
        let Call {
            private, pointing, ..
        } = &self.call;
        let unset = |at: usize| self.bytes()[at..at + 4] == [0; 4];
        private.iter().any(|(range, kind)| {
            let whole = self.is_as_set_up(range, *kind) || unset(range.start);
            !whole || pointing.iter().any(|other| meet(range, other))
        }) || pointing
            .iter()
            .enumerate()
            .any(|(index, range)| pointing[..index].iter().any(|other| meet(range, other)))
    }

    /// Writes a struct that points on, aligned or not.
    fn point<T>(&mut self, at: usize, value: T) {
        self.call.pointing.push(at..at + size_of::<T>());
        // SAFETY: inside the arena: `place` saw to it.
        unsafe {
            self.base()
                .wrapping_add(at)
                .cast::<T>()
                .write_unaligned(value)
        };
    }
}

/// What can be drawn as an argument.
pub trait Argument {
    fn draw(arena: &mut Arena<'_>) -> Self;
}

macro_rules! numbers {
    ($($number:ty),*) => { $(impl Argument for $number {
        fn draw(arena: &mut Arena<'_>) -> Self {
            let mut bytes = [0; size_of::<$number>()];
            // Small numbers mostly: they are what classes, senders and rules are.
            let len = if arena.byte() < 160 { 1 } else { bytes.len() };
            for byte in &mut bytes[..len] {
                *byte = arena.byte();
            }
            Self::from_le_bytes(bytes)
        }
    })* };
}
numbers!(u8, u16, u32, u64, i32);

impl Argument for bool {
    fn draw(arena: &mut Arena<'_>) -> Self {
        arena.byte() & 1 == 1
    }
}

impl Argument for usize {
    fn draw(arena: &mut Arena<'_>) -> Self {
        match arena.call.room.take() {
            Some(room) => {
                let length = arena.length(room);
                if let Some(output) = arena.call.outputs.last_mut() {
                    output.end = output.end.min(output.start.saturating_add(length));
                }
                length
            }
            None => {
                let room = LEN;
                arena.length(room)
            }
        }
    }
}

/// Bytes that are read or written, with a length behind them.
macro_rules! bytes {
    ($($byte:ty),*) => { $(
        impl Argument for *const $byte {
            fn draw(arena: &mut Arena<'_>) -> Self {
                let (pointer, room) = arena.text();
                arena.call.room = Some(room);
                // The length behind it belongs to no output.
                arena.call.outputs.push(0..0);
                pointer.cast_const().cast()
            }
        }
        impl Argument for *mut $byte {
            fn draw(arena: &mut Arena<'_>) -> Self {
                let (pointer, room) = arena.text();
                arena.call.room = Some(room);
                let start = if pointer.is_null() { 0 } else { arena.offset(pointer) };
                arena.call.outputs.push(start..start + room);
                pointer.cast()
            }
        }
    )* };
}
bytes!(u8, c_char, c_void);

/// What a pointer that is no text points to.
pub trait Pointee: Sized + 'static {
    /// Prepares what lies there; nothing for outputs and for structs of plain numbers.
    fn prepare(_arena: &mut Arena<'_>, _at: usize) {}
}

impl<T: Pointee> Argument for *const T {
    fn draw(arena: &mut Arena<'_>) -> Self {
        let pointer: *mut T = arena.place();
        if !pointer.is_null() {
            let at = arena.offset(pointer);
            T::prepare(arena, at);
        }
        pointer.cast_const()
    }
}

impl<T: Pointee> Argument for *mut T {
    fn draw(arena: &mut Arena<'_>) -> Self {
        let pointer: *mut T = arena.place();
        if !pointer.is_null() {
            let at = arena.offset(pointer);
            T::prepare(arena, at);
            arena.call.outputs.push(at..at + size_of::<T>());
            let kind = (at, TypeId::of::<T>(), size_of::<T>());
            arena.call.structs.push(kind);
            if TypeId::of::<T>() == TypeId::of::<mqward_message>() {
                let at = at + std::mem::offset_of!(mqward_message, receipt);
                let receipt = (
                    at,
                    TypeId::of::<mqward_receipt>(),
                    size_of::<mqward_receipt>(),
                );
                arena.call.structs.push(receipt);
            }
        }
        pointer
    }
}

macro_rules! plain {
    ($($plain:ty),*) => { $(impl Pointee for $plain {})* };
}
plain!(
    usize,
    bool,
    u32,
    i64,
    *const c_char,
    mqward_root,
    mqward_auth_root,
    mqward_up_root,
    mqward_down_root,
    mqward_auth_seed,
    mqward_up_seed,
    mqward_down_seed,
    mqward_login_key,
    mqward_sender_key,
    mqward_blob,
    mqward_header,
    mqward_message,
    mqward_claim,
    mqward_login,
    mqward_terms,
    mqward_verdict,
    mqward_clock_gate,
    mqward_strict_mark,
    mqward_latest_mark
);

macro_rules! private {
    ($($private:ty),*) => { $(impl Pointee for $private {
        fn prepare(arena: &mut Arena<'_>, at: usize) {
            arena.only_live::<Self>(at);
        }
    })* };
}
private!(
    mqward_boot,
    mqward_login_stamper,
    mqward_seal_stamper,
    mqward_sealer,
    mqward_opener,
    mqward_receipt,
    mqward_window,
    mqward_ticket
);

/// Structs that point on: written there, aligned or not, before the call.
macro_rules! pointing {
    ($($pointing:ident { $($pointer:ident $len:ident),* ; $($number:ident),* })*) => { $(impl Pointee for $pointing {
        fn prepare(arena: &mut Arena<'_>, at: usize) {
            // SAFETY: pointers, numbers and optional functions: zeros are all of that.
            let mut value: Self = unsafe { std::mem::zeroed() };
            $(
                let (pointer, room) = arena.text();
                value.$pointer = pointer.cast_const().cast();
                value.$len = arena.length(room);
            )*
            $(value.$number = Argument::draw(arena);)*
            arena.point(at, value);
        }
    })* };
}
pointing! {
    mqward_device { client_id client_id_len, hardware_id hardware_id_len; generation }
    mqward_publish { topic topic_len, payload payload_len; retain }
    mqward_connect {
        client_id client_id_len, user_name user_name_len, password password_len;
        packet_len, has_user_name, has_password
    }
}

thread_local! {
    static SLOTS: std::cell::Cell<[[u8; 16]; 2]> = const { std::cell::Cell::new([[0xff; 16]; 2]) };
    /// What callbacks answer.
    static ANSWER: std::cell::Cell<u8> = const { std::cell::Cell::new(0) };
}

/// Erases the storage behind the callbacks.
pub fn erase() {
    SLOTS.set([[0xff; 16]; 2]);
}

unsafe extern "C" fn read(_: *mut c_void, slot: u32, buf: *mut u8) -> i32 {
    // SAFETY: the library hands over a slot's length.
    unsafe { buf.cast::<[u8; 16]>().write(SLOTS.get()[slot as usize]) };
    i32::from(ANSWER.get() == 250)
}

unsafe extern "C" fn write(_: *mut c_void, slot: u32, buf: *const u8) -> i32 {
    let mut slots = SLOTS.get();
    // SAFETY: the library hands over a slot's length.
    slots[slot as usize] = unsafe { buf.cast::<[u8; 16]>().read() };
    SLOTS.set(slots);
    i32::from(ANSWER.get() == 251)
}

unsafe extern "C" fn lookup(
    _: *mut c_void,
    _: *const c_char,
    _: usize,
    generation: u8,
    key: *mut mqward_login_key,
    _: *mut mqward_terms,
) -> i32 {
    // SAFETY: the library hands over a key of its own.
    unsafe { (*key).bytes = [generation; 32] };
    match ANSWER.get() {
        0..200 => MQWARD_OK,
        other => -i32::from(other),
    }
}

unsafe extern "C" fn advance(_: *mut c_void, _: *const c_char, _: usize, _: u64) -> i32 {
    match ANSWER.get() {
        0..200 => MQWARD_OK,
        other => i32::from(other) - 300,
    }
}

impl Pointee for mqward_storage {
    fn prepare(arena: &mut Arena<'_>, at: usize) {
        let answer = arena.byte();
        ANSWER.set(answer);
        let value = Self {
            context: std::ptr::null_mut(),
            read: (answer != 255).then_some(read),
            write: (answer != 254).then_some(write),
        };
        arena.point(at, value);
    }
}

impl Pointee for mqward_verifier {
    fn prepare(arena: &mut Arena<'_>, at: usize) {
        let answer = arena.byte();
        ANSWER.set(answer);
        let value = Self {
            context: std::ptr::null_mut(),
            lookup: (answer != 255).then_some(lookup),
            advance: (answer != 254).then_some(advance),
            decoy: mqward_login_key {
                bytes: [answer; 32],
            },
            terms: mqward_terms {
                window_secs: Argument::draw(arena),
                clock: arena.byte() & 3,
            },
        };
        arena.point(at, value);
    }
}

/// A gate that was not set up.
static UNSET: [usize; 8] = [0; 8];

/// The gate is one for all calls, for its texts and memory have to stay as they are: NULL, misaligned, unset or this one.
impl Argument for *const mqward_gate {
    fn draw(arena: &mut Arena<'_>) -> Self {
        match arena.byte() {
            255 => {
                arena.call.wrong = true;
                std::ptr::null()
            }
            254 => {
                arena.call.wrong = true;
                crate::policy::gate().wrapping_byte_add(1)
            }
            253 => (&raw const UNSET).cast(),
            _ => crate::policy::gate(),
        }
    }
}
