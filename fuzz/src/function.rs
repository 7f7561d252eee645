//! Functions of the C library, called with drawn arguments.

use std::any::type_name;
use std::ffi::c_char;

use mqward_ffi::MQWARD_OK;

use crate::arena::{Arena, Argument};

/// What a function gives back, as a status.
pub trait Answer {
    fn status(self) -> i32;
}

impl Answer for i32 {
    fn status(self) -> i32 {
        self
    }
}

impl Answer for u32 {
    fn status(self) -> i32 {
        MQWARD_OK
    }
}

impl Answer for () {
    fn status(self) -> i32 {
        MQWARD_OK
    }
}

impl Answer for *const c_char {
    fn status(self) -> i32 {
        assert!(!self.is_null(), "{} has no text", type_name::<Self>());
        MQWARD_OK
    }
}

/// Binds arguments that are drawn to a function.
pub trait Function<Arguments> {
    fn bind(self, arena: &mut Arena<'_>) -> Box<dyn FnOnce() -> i32>;
}

macro_rules! functions {
    ($($argument:ident)*) => {
        impl<R: Answer + 'static, $($argument: Argument + 'static),*> Function<($($argument,)*)>
            for unsafe extern "C" fn($($argument),*) -> R
        {
            #[allow(non_snake_case, unused_variables)]
            fn bind(self, arena: &mut Arena<'_>) -> Box<dyn FnOnce() -> i32> {
                $(let $argument = $argument::draw(arena);)*
                // SAFETY: the rules of the header hold for what the arena draws.
                Box::new(move || unsafe { self($($argument),*) }.status())
            }
        }
    };
}
functions!();
functions!(A);
functions!(A B);
functions!(A B C);
functions!(A B C D);
functions!(A B C D E);
functions!(A B C D E F);
functions!(A B C D E F G);
functions!(A B C D E F G H I);
functions!(A B C D E F G H I J);
functions!(A B C D E F G H I J K);
