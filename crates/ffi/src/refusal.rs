//! How the errors of the Rust crates become status codes.

use mqward_core::cose::CoseError;
use mqward_core::{
    AgeError, BlobError, BootError, ClientIdError, ClientIdRuleError, GateError, ImportError,
    Limit, LimitError, LoginRefusal, MalformedPassword, OpenError, ParamError, PatternError,
    Reason, SealError, StampError, SyntaxError, TicketError,
};

use crate::boundary::Refusal;
use crate::status::*;

/// A variant that a newer Rust crate has and this one does not know: refused all the same.
const UNKNOWN: i32 = MQWARD_ERR_PARAM;

impl From<ParamError> for Refusal {
    fn from(error: ParamError) -> Self {
        Self(match error {
            ParamError::ClientIdLength { .. } => MQWARD_ERR_CLIENT_ID_LENGTH,
            ParamError::HardwareIdLength { .. } => MQWARD_ERR_HARDWARE_ID_LENGTH,
            ParamError::Audience => MQWARD_ERR_AUDIENCE,
            ParamError::Generation => MQWARD_ERR_GENERATION,
            ParamError::Sender => MQWARD_ERR_SENDER,
            ParamError::Boot => MQWARD_ERR_BOOT,
            ParamError::Window => MQWARD_ERR_WINDOW,
            ParamError::BufferTooSmall { .. } => MQWARD_ERR_BUFFER_TOO_SMALL,
            _ => UNKNOWN,
        })
    }
}

impl From<BlobError> for Refusal {
    fn from(error: BlobError) -> Self {
        Self(match error {
            BlobError::NotABlob => MQWARD_ERR_NO_BLOB,
            BlobError::Version { .. } => MQWARD_ERR_BLOB_VERSION,
            BlobError::Truncated => MQWARD_ERR_BLOB_TRUNCATED,
            BlobError::TrailingBytes => MQWARD_ERR_BLOB_TRAILING,
            BlobError::Checksum => MQWARD_ERR_BLOB_CHECKSUM,
            BlobError::Content => MQWARD_ERR_BLOB_CONTENT,
            _ => UNKNOWN,
        })
    }
}

/// The storage's own error is the callback's return value, which its author has seen.
pub(crate) struct StorageFailed;

impl From<BootError<StorageFailed>> for Refusal {
    fn from(error: BootError<StorageFailed>) -> Self {
        Self(match error {
            BootError::Storage(StorageFailed) => MQWARD_ERR_STORAGE,
            BootError::Missing => MQWARD_ERR_NO_BOOT_RECORD,
            BootError::NotStored => MQWARD_ERR_NOT_STORED,
            BootError::Exhausted => MQWARD_ERR_BOOTS_EXHAUSTED,
            BootError::AlreadyProvisioned => MQWARD_ERR_ALREADY_PROVISIONED,
            _ => UNKNOWN,
        })
    }
}

impl From<StampError> for Refusal {
    fn from(_: StampError) -> Self {
        Self(MQWARD_ERR_USED_UP)
    }
}

impl From<SealError> for Refusal {
    fn from(error: SealError) -> Self {
        Self(match error {
            SealError::TopicLength { .. } => MQWARD_ERR_TOPIC_LENGTH,
            SealError::BufferTooSmall { .. } => MQWARD_ERR_BUFFER_TOO_SMALL,
            SealError::OtherSender => MQWARD_ERR_OTHER_SENDER,
            SealError::Stamp(error) => return error.into(),
            SealError::TooLong => MQWARD_ERR_PAYLOAD_LENGTH,
            _ => UNKNOWN,
        })
    }
}

impl From<OpenError> for Refusal {
    fn from(error: OpenError) -> Self {
        Self(match error {
            OpenError::Frame(_) => MQWARD_ERR_FRAME,
            OpenError::OtherKey => MQWARD_ERR_OTHER_KEY,
            _ => MQWARD_ERR_REFUSED,
        })
    }
}

impl From<CoseError> for Refusal {
    fn from(error: CoseError) -> Self {
        Self(match error {
            CoseError::Frame(_) => MQWARD_ERR_FRAME,
            CoseError::BufferTooSmall { .. } => MQWARD_ERR_BUFFER_TOO_SMALL,
            CoseError::TooLong => MQWARD_ERR_PAYLOAD_LENGTH,
            _ => MQWARD_ERR_NOT_CANONICAL,
        })
    }
}

impl From<TicketError> for Refusal {
    fn from(_: TicketError) -> Self {
        Self(MQWARD_ERR_TICKET)
    }
}

impl From<AgeError> for Refusal {
    fn from(error: AgeError) -> Self {
        Self(match error {
            AgeError::FromTheFuture { .. } => MQWARD_ERR_FROM_THE_FUTURE,
            _ => MQWARD_ERR_EXPIRED,
        })
    }
}

impl From<ImportError> for Refusal {
    fn from(error: ImportError) -> Self {
        Self(match error {
            ImportError::Length => MQWARD_ERR_IMPORT_LENGTH,
            ImportError::Checksum => MQWARD_ERR_IMPORT_CHECKSUM,
            _ => MQWARD_ERR_IMPORT_FORMAT,
        })
    }
}

impl From<MalformedPassword> for Refusal {
    fn from(_: MalformedPassword) -> Self {
        Self(MQWARD_ERR_PASSWORD)
    }
}

impl From<LoginRefusal> for Refusal {
    fn from(refusal: LoginRefusal) -> Self {
        Self(match refusal {
            LoginRefusal::UnknownDevice => MQWARD_ERR_UNKNOWN_DEVICE,
            LoginRefusal::OutsideWindow { .. } => MQWARD_ERR_OUTSIDE_WINDOW,
            LoginRefusal::NoClock => MQWARD_ERR_NO_CLOCK,
            _ => MQWARD_ERR_WRONG_TAG,
        })
    }
}

impl From<SyntaxError> for Refusal {
    fn from(error: SyntaxError) -> Self {
        Self(match error {
            SyntaxError::Empty => MQWARD_ERR_EMPTY,
            SyntaxError::TooLong { .. } => MQWARD_ERR_TOO_LONG,
            SyntaxError::NotUtf8 { .. } => MQWARD_ERR_NOT_UTF8,
            SyntaxError::Nul { .. } => MQWARD_ERR_NUL,
            SyntaxError::Control { .. } => MQWARD_ERR_CONTROL,
            SyntaxError::NonCharacter { .. } => MQWARD_ERR_NON_CHARACTER,
            SyntaxError::WildcardInName { .. } => MQWARD_ERR_WILDCARD_IN_NAME,
            SyntaxError::WildcardNotAlone { .. } => MQWARD_ERR_WILDCARD_NOT_ALONE,
            SyntaxError::MultiLevelNotLast { .. } => MQWARD_ERR_MULTI_LEVEL_NOT_LAST,
            SyntaxError::SharedSubscription => MQWARD_ERR_SHARED_SUBSCRIPTION,
            SyntaxError::ShareName => MQWARD_ERR_SHARE_NAME,
            SyntaxError::ShareWithoutFilter => MQWARD_ERR_SHARE_WITHOUT_FILTER,
            _ => UNKNOWN,
        })
    }
}

impl From<PatternError> for Refusal {
    fn from(error: PatternError) -> Self {
        match error {
            PatternError::Syntax(error) => error.into(),
            _ => Self(MQWARD_ERR_PLACEHOLDER),
        }
    }
}

impl From<ClientIdError> for Refusal {
    fn from(error: ClientIdError) -> Self {
        Self(match error {
            ClientIdError::Empty => MQWARD_ERR_EMPTY,
            ClientIdError::TooLong { .. } => MQWARD_ERR_TOO_LONG,
            ClientIdError::Character { .. } => MQWARD_ERR_CHARACTER,
            // A client id that is well-formed and breaks a rule has no role.
            _ => MQWARD_ERR_NO_ROLE,
        })
    }
}

impl From<ClientIdRuleError> for Refusal {
    fn from(_: ClientIdRuleError) -> Self {
        Self(MQWARD_ERR_CLIENT_ID_RULE)
    }
}

impl From<GateError> for Refusal {
    fn from(_: GateError) -> Self {
        Self(MQWARD_ERR_ROLES_OVERLAP)
    }
}

impl From<LimitError> for Refusal {
    fn from(error: LimitError) -> Self {
        Self(match error.which {
            Limit::Packet => MQWARD_ERR_PACKET_TOO_LARGE,
            Limit::Payload => MQWARD_ERR_PAYLOAD_TOO_LARGE,
            Limit::TopicLength => MQWARD_ERR_TOPIC_TOO_LONG,
            Limit::TopicLevels => MQWARD_ERR_TOPIC_TOO_DEEP,
            Limit::Filters => MQWARD_ERR_TOO_MANY_FILTERS,
            _ => UNKNOWN,
        })
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self(match reason {
            Reason::ClientId(error) => return error.into(),
            Reason::NoRole => MQWARD_ERR_NO_ROLE,
            Reason::UserName => MQWARD_ERR_USER_NAME,
            Reason::NoPassword => MQWARD_ERR_NO_PASSWORD,
            Reason::Password => MQWARD_ERR_PASSWORD,
            Reason::UnknownDevice => MQWARD_ERR_UNKNOWN_DEVICE,
            Reason::WrongTag => MQWARD_ERR_WRONG_TAG,
            Reason::OutsideWindow => MQWARD_ERR_OUTSIDE_WINDOW,
            Reason::NoClock => MQWARD_ERR_NO_CLOCK,
            Reason::Replayed => MQWARD_ERR_REPLAYED,
            Reason::CounterWentBack => MQWARD_ERR_COUNTER_WENT_BACK,
            Reason::Revoked => MQWARD_ERR_REVOKED,
            Reason::Limit(error) => return error.into(),
            Reason::Topic(error) => return error.into(),
            Reason::NotAllowed => MQWARD_ERR_NOT_ALLOWED,
            Reason::Denied => MQWARD_ERR_DENIED,
            Reason::NotSealed => MQWARD_ERR_NOT_SEALED,
            Reason::WillNotAllowed => MQWARD_ERR_WILL_NOT_ALLOWED,
            Reason::WillNotSealed => MQWARD_ERR_WILL_NOT_SEALED,
            _ => MQWARD_ERR_UNAVAILABLE,
        })
    }
}

/// The reason that a status of the login functions stands for; what is none of them is no decision.
pub(crate) fn reason_of_login(status: i32) -> Reason {
    match status {
        MQWARD_ERR_PASSWORD => Reason::Password,
        MQWARD_ERR_NO_PASSWORD => Reason::NoPassword,
        MQWARD_ERR_UNKNOWN_DEVICE => Reason::UnknownDevice,
        MQWARD_ERR_WRONG_TAG => Reason::WrongTag,
        MQWARD_ERR_OUTSIDE_WINDOW => Reason::OutsideWindow,
        MQWARD_ERR_NO_CLOCK => Reason::NoClock,
        MQWARD_ERR_REPLAYED => Reason::Replayed,
        MQWARD_ERR_COUNTER_WENT_BACK => Reason::CounterWentBack,
        MQWARD_ERR_REVOKED => Reason::Revoked,
        _ => Reason::Unavailable,
    }
}
