//! The command line as a whole.

use clap::{Parser, Subcommand};

use crate::acl::AclCommand;
use crate::cose::CoseCommand;
use crate::device::DeviceCommand;
#[cfg(unix)]
use crate::doctor::DoctorArgs;
use crate::error::{CliError, Status};
use crate::fleet::FleetCommand;
use crate::manual::{CompletionsArgs, ManArgs};
use crate::migrate::MigrateCommand;
use crate::mosquitto::MosquittoCommand;
use crate::open::OpenArgs;
use crate::password::PasswordCommand;
use crate::policy::PolicyCommand;
use crate::registry::RegistryCommand;
use crate::replay::ReplayCommand;
use crate::seal::SealArgs;
use crate::verify::VerifyArgs;
use crate::why::WhyArgs;

/// What `mqward --help` says at its end.
const EXIT_CODES: &str = "\
Exit codes:
  0    done, or the answer is yes
  1    the answer is no: refused, not authentic, not allowed, a mistake in a policy
  2    the command line makes no sense
  3    a file cannot be read, written or understood
  141  nobody reads the output any more

Keys and passwords are read from files or standard input, never from arguments.";

/// Security for MQTT fleets: keys, passwords that work once, sealed payloads, topic rules.
#[derive(Debug, Parser)]
#[command(name = "mqward", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Print JSON, one value a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the keys of a fleet
    #[command(subcommand)]
    Fleet(FleetCommand),
    /// Make what a device is flashed with, and say which devices exist
    #[command(subcommand)]
    Device(Box<DeviceCommand>),
    /// Make the device registry of a broker, and export it
    #[command(subcommand)]
    Registry(RegistryCommand),
    /// Make the replay store of a broker, and take marks from one to another
    #[command(subcommand)]
    Replay(ReplayCommand),
    /// Bring a live fleet from static passwords and plaintext to mqward
    #[command(subcommand)]
    Migrate(MigrateCommand),
    /// Mint the password of one connection attempt, or inspect one
    Password(Box<PasswordCommand>),
    /// Judge a password as a broker would
    Verify(Box<VerifyArgs>),
    /// Seal one payload
    Seal(Box<SealArgs>),
    /// Open one sealed payload, or every message that a subscriber prints
    Open(Box<OpenArgs>),
    /// Convert a sealed payload to COSE_Encrypt0 and back; no key is needed
    #[command(subcommand)]
    Cose(CoseCommand),
    /// Explain the rules of a policy
    #[command(subcommand)]
    Acl(AclCommand),
    /// Look for mistakes in a policy
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Configure the Mosquitto broker
    #[command(subcommand)]
    Mosquitto(Box<MosquittoCommand>),
    /// Look for what is wrong with a broker: files, rights, versions, clock, what bypasses the plugin
    #[cfg(unix)]
    Doctor(DoctorArgs),
    /// Say in words what happened to a client lately, and what to do about it
    Why(WhyArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Write man pages
    Man(ManArgs),
}

impl Cli {
    pub(crate) fn run(&self) -> Result<Status, CliError> {
        match &self.command {
            Command::Fleet(command) => command.run(self.json),
            Command::Device(command) => command.run(self.json),
            Command::Registry(command) => command.run(self.json),
            Command::Replay(command) => command.run(self.json),
            Command::Migrate(command) => command.run(self.json),
            Command::Password(command) => command.run(self.json),
            Command::Verify(args) => args.run(self.json),
            Command::Seal(args) => args.run(self.json),
            Command::Open(args) => args.run(self.json),
            Command::Cose(command) => command.run(),
            Command::Acl(command) => command.run(self.json),
            Command::Policy(command) => command.run(self.json),
            Command::Mosquitto(command) => command.run(self.json),
            #[cfg(unix)]
            Command::Doctor(args) => args.run(self.json),
            Command::Why(args) => args.run(self.json),
            Command::Completions(args) => args.run(),
            Command::Man(args) => args.run(),
        }
    }
}
