//! What a real mosquitto_sub prints, through `open --lines`.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use mqward_testbed::{Broker, Setup};

use crate::bench::{Bench, HW, ID, TOPIC};

/// A subscriber that ends with the test.
struct Subscriber {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Subscriber {
    fn new(broker: &Broker, format: &str) -> Self {
        let mut child = client("mosquitto_sub", broker)
            .args(["-q", "1", "-t", "#", "-F", format])
            .stdout(Stdio::piped())
            .spawn()
            .expect("mosquitto_sub of the Debian package mosquitto-clients");
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.lines.read_until(b'\n', &mut line).unwrap();
        line
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client(name: &str, broker: &Broker) -> Command {
    let mut command = Command::new(name);
    let address = broker.address();
    command.args([
        "-h",
        &address.ip().to_string(),
        "-p",
        &address.port().to_string(),
    ]);
    command
}

fn publish(broker: &Broker, topic: &str, payload: &[u8]) {
    let mut child = client("mosquitto_pub", broker)
        .args(["-q", "1", "-t", topic, "-s"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("mosquitto_pub of the Debian package mosquitto-clients");
    child.stdin.take().unwrap().write_all(payload).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn hexadecimal_lines_carry_every_byte_and_json_lines_say_that_they_do_not() {
    let broker = Setup::new().line("allow_anonymous true").start().unwrap();
    let mut hex = Subscriber::new(&broker, "%r %x %t");
    let mut json = Subscriber::new(&broker, "%j");
    // Until both have subscribed, a message may pass them by.
    let ready = "ready";
    let done = AtomicBool::new(false);
    let waiting = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                publish(&broker, ready, b"1");
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let lines = (hex.line(), json.line());
        done.store(true, Ordering::Relaxed);
        lines
    });
    assert_eq!(waiting.0, b"0 31 ready\n");

    let bench = Bench::new();
    let payload: Vec<u8> = (0..=255).rev().chain((1..=254).rev()).collect();
    bench.write("payload", &payload);
    let seal = format!("seal --up-root up_root.key --client-id {ID} --hw {HW} --boot-record boot");
    let spaced = "tx/device-0123456789ab/two words/\u{b0}C";
    let sealed = bench
        .run(&format!("{seal} --topic {TOPIC} payload"), "")
        .ok()
        .stdout;
    publish(&broker, TOPIC, &sealed);
    let other = {
        let mut command = bench.command(&format!("{seal} payload"));
        ran_ok(command.args(["--topic", spaced]))
    };
    publish(&broker, spaced, &other);
    publish(&broker, "end", b"1");

    let all = |subscriber: &mut Subscriber| {
        let mut lines = Vec::new();
        loop {
            let line = subscriber.line();
            assert!(!line.is_empty(), "the subscriber has ended");
            let text = String::from_utf8_lossy(&line);
            if text.contains("end") {
                return lines;
            }
            if !text.contains(ready) {
                lines.extend_from_slice(&line);
            }
        }
    };
    let lines = "open --lines --pattern tx/%c/# --up-root up_root.key --hw 246f28a1b2c3 --first-run --state";
    let reports = bench
        .run(&format!("{lines} hex"), all(&mut hex))
        .ok()
        .lines();
    assert_eq!(reports.len(), 2);
    for (report, topic) in reports.iter().zip([TOPIC, spaced]) {
        assert_eq!(
            (&report["verdict"], &report["topic"]),
            (&"fresh".into(), &topic.into())
        );
        use base64ct::{Base64, Encoding};
        assert_eq!(
            Base64::decode_vec(report["payload_base64"].as_str().unwrap()).unwrap(),
            payload
        );
    }
    let reports = bench
        .run(&format!("{lines} json"), all(&mut json))
        .ok()
        .lines();
    for report in reports {
        assert_eq!(report["verdict"], "refused");
        assert!(
            report["reason"].as_str().unwrap().contains("-F '%r %x %t'"),
            "{report}"
        );
    }
}

fn ran_ok(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
