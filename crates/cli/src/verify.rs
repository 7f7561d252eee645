//! `mqward verify`: judge a password as a broker would, short of the replay store.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mqward::{
    Advance, Audience, Claim, ClockRule, DEFAULT_WINDOW_SECS, Generation, LoginKey, LoginRefusal,
    LoginTerms, Mark, Reason, UnixTime,
};
use serde::Serialize;

use crate::device_name::{DeviceName, HardwareName, parse_client_id, parse_generation};
use crate::error::{CliError, Status};
use crate::password::read_text;
use crate::seed_source::{BlobFile, read_auth_root, read_root};
use crate::{output, private_file, time_argument};

/// Judges one password.
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    key: VerifySource,
    /// The client id that connects with the password
    #[arg(long, value_name = "ID", value_parser = parse_client_id)]
    client_id: String,
    /// The generation that is current [default: the one that the password names]
    #[arg(long, value_name = "N", value_parser = parse_generation)]
    generation: Option<Generation>,
    /// The device's hardware id in hexadecimal, or `none`; a login key knows it already
    #[arg(long, value_name = "HEX", value_parser = HardwareName::parse, required_unless_present = "login_key", conflicts_with = "login_key")]
    hw: Option<HardwareName>,
    /// The configured name of the broker; a login key knows it already
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present = "login_key",
        conflicts_with = "login_key"
    )]
    audience: Option<String>,
    /// The verifier's time: Unix seconds or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time_argument::parse)]
    now: Option<UnixTime>,
    /// How far the password's time may be off either way, in seconds, 1 to 3600
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_WINDOW_SECS)]
    window: u16,
    /// Whether the device must have a clock
    #[arg(long, value_enum, default_value_t = ClockChoice::Required)]
    clock: ClockChoice,
    /// The mark of the device's last accepted login, as `password inspect` prints it
    #[arg(long, value_name = "MARK", value_parser = parse_mark)]
    last_mark: Option<Mark>,
    /// File with the password; standard input if it is missing or `-`
    #[arg(value_name = "FILE", default_value = "-")]
    password: PathBuf,
}

/// The keys that a verifier may hold.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct VerifySource {
    /// The key of this device at this broker, a key file
    #[arg(long, value_name = "FILE")]
    login_key: Option<PathBuf>,
    /// The device's login seed, a key file
    #[arg(long, value_name = "FILE", alias = "auth-seed-file")]
    auth_seed: Option<PathBuf>,
    /// The root of all login seeds, a key file
    #[arg(long, value_name = "FILE")]
    auth_root: Option<PathBuf>,
    /// The root of the fleet, a key file
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// The device's provisioning blob
    #[arg(long, value_name = "FILE")]
    blob: Option<PathBuf>,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq, ValueEnum)]
enum ClockChoice {
    /// A password without time is refused
    Required,
    /// A password without time passes
    None,
}

fn parse_mark(text: &str) -> Result<Mark, String> {
    text.parse()
        .ok()
        .and_then(Mark::from_u64)
        .ok_or_else(|| "not a mark".to_owned())
}

/// The answer.
#[derive(Serialize)]
struct Verdict {
    verdict: &'static str,
    /// The code that the broker's audit log has for it.
    reason: Option<&'static str>,
    detail: String,
    #[serde(flatten)]
    claimed: Option<Claimed>,
}

/// What the password says, where it is one.
#[derive(Serialize)]
struct Claimed {
    generation: u8,
    time: Option<u32>,
    skew: Option<i64>,
    boot: u32,
    count: u32,
    /// Text, since it exceeds what a JSON number holds exactly elsewhere.
    mark: String,
}

impl VerifyArgs {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        let clock = match self.clock {
            ClockChoice::Required => ClockRule::Required,
            ClockChoice::None => ClockRule::Accepted,
        };
        let terms = LoginTerms::new(self.window, clock).map_err(CliError::usage)?;
        let now = self.now.map_or_else(time_argument::now, Ok)?;
        let claim = Claim::parse(&read_text(&self.password)?).ok();
        let judged = match &claim {
            None => Err((
                Reason::Password,
                "no password of this protocol: 39 characters of base64url, whole and unchanged"
                    .to_owned(),
            )),
            Some(claim) => self.judge(claim, &terms, now)?,
        };
        let (reason, detail) = match judged {
            Ok(detail) => (None, detail.to_owned()),
            Err((reason, detail)) => (Some(reason.code()), detail),
        };
        let verdict = Verdict {
            verdict: if reason.is_none() {
                "accepted"
            } else {
                "refused"
            },
            reason,
            detail,
            claimed: claim.map(|claim| Claimed {
                generation: claim.generation().get(),
                time: claim.time().map(UnixTime::get),
                skew: claim
                    .time()
                    .map(|time| i64::from(time.get()) - i64::from(now.get())),
                boot: claim.stamp().boot(),
                count: claim.stamp().count(),
                mark: claim.mark().get().to_string(),
            }),
        };
        output::either(json, &verdict, || match verdict.reason {
            None => format!("accepted: {}", verdict.detail),
            Some(reason) => format!("refused ({reason}): {}", verdict.detail),
        })?;
        Ok(if reason.is_none() {
            Status::Ok
        } else {
            Status::Refused
        })
    }

    /// Why the password is right, or the reason why not.
    fn judge(
        &self,
        claim: &Claim,
        terms: &LoginTerms,
        now: UnixTime,
    ) -> Result<Result<&'static str, (Reason, String)>, CliError> {
        let generation = claim.generation();
        let (key, of_key) = self.login_key(generation)?;
        let current = self.generation.or(of_key).unwrap_or(generation);
        let answer = claim.verify(&key, current == generation, &self.client_id, terms, now);
        let refused = match answer {
            Ok(login) => match self.last_mark.map(|last| login.mark().compare(Some(last))) {
                None => return Ok(Ok("right and fresh; a broker also asks its replay store")),
                Some(Advance::Advanced) => return Ok(Ok("right, fresh and newer than the last login")),
                Some(Advance::Same) => (Reason::Replayed, "this password was used".to_owned()),
                Some(_) => (
                    Reason::CounterWentBack,
                    "an older password, or the device's counter went back: erased, restored or cloned".to_owned(),
                ),
            },
            Err(LoginRefusal::UnknownDevice) => (
                Reason::UnknownDevice,
                format!("generation {generation} of this device is not current; {current} is"),
            ),
            Err(LoginRefusal::OutsideWindow { skew }) => (
                Reason::OutsideWindow,
                format!(
                    "the sender's time is {} s {} the verifier's, more than {} s",
                    skew.unsigned_abs(),
                    if skew < 0 { "behind" } else { "ahead of" },
                    self.window
                ),
            ),
            Err(LoginRefusal::NoClock) => (
                Reason::NoClock,
                "the password has no time; `--clock none` is for devices without a clock".to_owned(),
            ),
            Err(_) => (
                Reason::WrongTag,
                "made with another key, client id, hardware id or audience, or changed on the way".to_owned(),
            ),
        };
        Ok(Err(refused))
    }

    /// The key to check with, and the generation it is for where its file says so.
    fn login_key(&self, claimed: Generation) -> Result<(LoginKey, Option<Generation>), CliError> {
        if let Some(path) = &self.key.login_key {
            return Ok((LoginKey::from_bytes(*private_file::read_key(path)?), None));
        }
        let (Some(hw), Some(audience)) = (&self.hw, &self.audience) else {
            return Err(CliError::usage("`--hw` and `--audience` are needed"));
        };
        let audience = Audience::new(audience).map_err(CliError::usage)?;
        let name = DeviceName {
            client_id: self.client_id.clone(),
            generation: claimed,
        };
        let key = &self.key;
        if let Some(path) = &key.blob {
            let file = BlobFile::read(path)?;
            let blob = file.blob()?;
            if blob.device().client_id() != self.client_id {
                return Err(CliError::usage(format_args!(
                    "the blob is of `{}`, not of `{}`",
                    blob.device().client_id(),
                    self.client_id
                )));
            }
            let login_key = blob
                .auth_seed()
                .login_key(hw.id().map_err(CliError::usage)?, audience);
            return Ok((login_key, Some(blob.device().generation())));
        }
        let seed = match (&key.auth_seed, &key.auth_root, &key.root) {
            (Some(path), _, _) => mqward::AuthSeed::from_bytes(*private_file::read_key(path)?),
            (_, Some(path), _) => read_auth_root(path)?.seed(name.device()?),
            (_, _, Some(path)) => read_root(path)?.auth().seed(name.device()?),
            _ => return Err(CliError::usage("no key: name its file")),
        };
        Ok((
            seed.login_key(hw.id().map_err(CliError::usage)?, audience),
            None,
        ))
    }
}
