//! One line of a subscriber's output: a topic, the retain flag, a payload.

use serde::Deserialize;

use crate::output::from_base64;

/// A message as it was received.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Line {
    pub(crate) topic: String,
    pub(crate) retain: bool,
    pub(crate) payload: Vec<u8>,
}

/// A line as JSON: what `mosquitto_sub -F %j` prints, or one with the payload in base64.
#[derive(Deserialize)]
struct JsonLine {
    topic: String,
    /// mosquitto_sub says 0 or 1, others say true or false.
    #[serde(default)]
    retain: Flag,
    payload: Option<String>,
    payload_base64: Option<String>,
    payloadlen: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Bool(bool),
    Number(u8),
}

impl Default for Flag {
    fn default() -> Self {
        Self::Bool(false)
    }
}

/// What to do about a line that has lost bytes.
const USE_HEX: &str = "mosquitto_sub's %j cuts binary payloads: use -F '%r %x %t'";

impl Line {
    /// Reads a line of `-F '%r %x %t'`, or of JSON.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, String> {
        if line.first() == Some(&b'{') {
            return Self::parse_json(line);
        }
        let line = core::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
        // The topic comes last: it may hold spaces.
        let mut parts = line.splitn(3, ' ');
        let (Some(retain), Some(hex), Some(topic)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(
                "neither JSON nor `retain hex topic`: subscribe with -F '%r %x %t'".to_owned(),
            );
        };
        let retain = match retain {
            "0" => false,
            "1" => true,
            _ => return Err("the line does not start with the retain flag, 0 or 1: subscribe with -F '%r %x %t'".to_owned()),
        };
        let payload = base16ct::mixed::decode_vec(hex).map_err(|_| {
            "the payload is not hexadecimal: subscribe with -F '%r %x %t'".to_owned()
        })?;
        Ok(Self {
            topic: topic.to_owned(),
            retain,
            payload,
        })
    }

    fn parse_json(line: &[u8]) -> Result<Self, String> {
        let json: JsonLine = match serde_json::from_slice(line) {
            Ok(json) => json,
            // Bytes of a payload that are not UTF-8 stand in the line as they are.
            Err(_) if core::str::from_utf8(line).is_err() => return Err(USE_HEX.to_owned()),
            Err(error) => return Err(format!("not a line of JSON: {error}")),
        };
        let payload = match (json.payload, json.payload_base64) {
            (Some(_), Some(_)) => return Err("both `payload` and `payload_base64`".to_owned()),
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => {
                from_base64(&text).ok_or_else(|| "`payload_base64` is not base64".to_owned())?
            }
            (None, None) => Vec::new(),
        };
        if json.payloadlen.is_some_and(|len| len != payload.len()) {
            return Err(USE_HEX.to_owned());
        }
        Ok(Self {
            topic: json.topic,
            retain: match json.retain {
                Flag::Bool(retain) => retain,
                Flag::Number(number) => number != 0,
            },
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(topic: &str, retain: bool, payload: &[u8]) -> Line {
        Line {
            topic: topic.to_owned(),
            retain,
            payload: payload.to_owned(),
        }
    }

    // Lines as mosquitto_sub 2.0.11 printed them.

    #[test]
    fn hexadecimal_lines() {
        assert_eq!(
            Line::parse(b"0 1001ff69fe0a80 a/nonul"),
            Ok(line("a/nonul", false, b"\x10\x01\xff\x69\xfe\x0a\x80"))
        );
        assert_eq!(Line::parse(b"1 68 a/b c"), Ok(line("a/b c", true, b"h")));
        assert_eq!(Line::parse(b"0  a/bin"), Ok(line("a/bin", false, b"")));
        for bad in [
            "", "0", "0 68", "2 68 a", "0 6 a", "0 zz a", "a/b 68", "\u{1}",
        ] {
            assert!(Line::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(Line::parse(b"0 68 a\xff").is_err());
    }

    #[test]
    fn json_lines() {
        let text = br#"{"tst":"2026-11-22T11:10:55.715612Z+0000","topic":"a/b c","qos":1,"retain":0,"payloadlen":13,"mid":1,"payload":"hello \"q\" \n x"}"#;
        assert_eq!(
            Line::parse(text),
            Ok(line("a/b c", false, b"hello \"q\" \n x"))
        );
        let cleared = br#"{"topic":"a/bin","qos":0,"retain":1,"payloadlen":0,"payload":null}"#;
        assert_eq!(Line::parse(cleared), Ok(line("a/bin", true, b"")));
        let base64 = br#"{"topic":"a","retain":true,"payload_base64":"EAE="}"#;
        assert_eq!(Line::parse(base64), Ok(line("a", true, b"\x10\x01")));
    }

    #[test]
    fn binary_payloads_that_json_lost_are_told() {
        let cut = br#"{"topic":"a/bin","qos":1,"retain":0,"payloadlen":18,"mid":2,"payload":"\u0010\u0001"}"#;
        assert_eq!(Line::parse(cut), Err(USE_HEX.to_owned()));
        let raw = b"{\"topic\":\"a/nonul\",\"qos\":1,\"retain\":0,\"payloadlen\":7,\"mid\":3,\"payload\":\"\\u0010\\u0001\xffi\xfe\\n\x80\"}";
        assert_eq!(Line::parse(raw), Err(USE_HEX.to_owned()));
        assert!(Line::parse(b"{}").is_err());
        assert!(
            Line::parse(b"{\"topic\":\"a\",\"payload\":\"x\",\"payload_base64\":\"\"}").is_err()
        );
    }
}
