//! Topics: matching, covering, and decisions by lists of one to ten thousand rules.

use std::error::Error;
use std::ffi::{CString, c_char, c_int};
use std::hint::black_box;

use mqward_topic::{
    Access, Acl, ClientId, CompiledAcl, Effect, Pattern, Rule, TopicFilter, TopicName,
};

use crate::document::{Goal, Row, Section};
use crate::harness::{Contender, medians};

const OURS: &str = "mqward";
const COMPILED: &str = "mqward, compiled";
const FROM_TEXT: &str = "mqward, from text";
const PLAIN: &str = "mqward, rule by rule";
const MOSQUITTO: &str = "libmosquitto";
const RUMQTTC: &str = "rumqttc";

#[link(name = "mosquitto")]
unsafe extern "C" {
    fn mosquitto_topic_matches_sub(
        filter: *const c_char,
        topic: *const c_char,
        result: *mut bool,
    ) -> c_int;
}

fn mosquitto(filter: &CString, topic: &CString) -> bool {
    let mut result = false;
    // SAFETY: two C strings and a place for the answer, all alive.
    let code =
        unsafe { mosquitto_topic_matches_sub(filter.as_ptr(), topic.as_ptr(), &raw mut result) };
    code == 0 && result
}

pub(crate) fn sections(rounds: usize) -> Result<Vec<Section>, Box<dyn Error>> {
    let mut sections = vec![matching(rounds)?, covering(rounds)?];
    for question in QUESTIONS {
        sections.push(deciding(question, rounds)?);
    }
    Ok(sections)
}

/// Numerical Recipes' linear congruential generator: the same set on every run.
struct Sample(u32);

impl Sample {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % end
    }

    fn level(&mut self) -> &'static str {
        const LEVELS: [&str; 14] = [
            "fleet",
            "eu-1",
            "site-42",
            "dev-0123456789",
            "telemetry",
            "temperature",
            "tx",
            "rx",
            "cmd",
            "status",
            "line-3",
            "pump",
            "vibration",
            "v2",
        ];
        LEVELS[self.below(LEVELS.len())]
    }
}

/// As many pairs as make a branch predictor forget.
const PAIRS: usize = 4096;

/// A filter with wildcards here and there, and a topic that it matches in half of all pairs.
pub(crate) fn pairs() -> Vec<(String, String)> {
    let mut sample = Sample(5);
    let pair = |_| {
        let topic: Vec<_> = (0..3 + sample.below(4)).map(|_| sample.level()).collect();
        let mut filter = topic.clone();
        for level in &mut filter {
            if sample.below(4) == 0 {
                *level = "+";
            }
        }
        if sample.below(3) == 0 {
            filter.truncate(1 + sample.below(filter.len()));
            filter.push("#");
        }
        if sample.below(4) != 0 {
            let other = sample.below(topic.len().min(filter.len()));
            if !matches!(filter[other], "#" | "+") {
                filter[other] = sample.level();
            }
        }
        (filter.join("/"), topic.join("/"))
    };
    (0..PAIRS).map(pair).collect()
}

fn section(title: &'static str, note: &'static str, columns: Vec<String>) -> Section {
    Section {
        title,
        note,
        columns,
        rows: Vec::new(),
        goals: Vec::new(),
        chart: None,
    }
}

/// Adds a column; `per` operations make one run of a contender.
fn add(section: &mut Section, mut contenders: Vec<Contender<'_>>, per: usize, rounds: usize) {
    let times = medians(&mut contenders, rounds);
    for (index, (contender, time)) in contenders.iter().zip(times).enumerate() {
        let time = time / per as f64;
        match section.rows.get_mut(index) {
            Some(row) => row.times.push(time),
            None => section.rows.push(Row {
                name: contender.name,
                is_ours: contender.name.starts_with(OURS),
                times: vec![time],
            }),
        }
    }
}

const MATCH_NOTE: &str = "Does a filter match a topic? 4096 different pairs of 3 to 6 levels and 30 bytes on average, with wildcards, about half of them\n\
matching. libmosquitto is Debian's, by `mosquitto_topic_matches_sub`; it takes C strings and looks for misplaced wildcards as it goes.\n\
mqward's filters and names were validated when they were made, as a broker does once per packet or rule; the row \"from text\" makes both\n\
anew each time, which neither peer does: UTF-8 that MQTT allows, lengths, wildcards, `$share`.";

fn matching(rounds: usize) -> Result<Section, Box<dyn Error>> {
    let texts = pairs();
    let mut typed = Vec::new();
    let mut c_texts = Vec::new();
    for (filter, topic) in &texts {
        typed.push((TopicFilter::new(filter)?, TopicName::new(topic)?));
        c_texts.push((
            CString::new(filter.as_str())?,
            CString::new(topic.as_str())?,
        ));
    }
    let mut matching = 0;
    for (((filter, topic), (c_filter, c_topic)), (text, name)) in
        typed.iter().zip(&c_texts).zip(&texts)
    {
        let answer = filter.matches(*topic);
        if answer != mosquitto(c_filter, c_topic) || answer != rumqttc::matches(name, text) {
            return Err(format!("the matchers disagree about {filter} and {topic}").into());
        }
        matching += usize::from(answer);
    }
    if !(PAIRS / 3..PAIRS * 2 / 3).contains(&matching) {
        return Err(format!("{matching} pairs match").into());
    }
    let mut section = section("Match", MATCH_NOTE, vec!["mixed set".to_owned()]);
    let contenders = vec![
        Contender::new(OURS, || {
            for (filter, topic) in &typed {
                black_box(black_box(filter).matches(black_box(*topic)));
            }
        }),
        Contender::new(FROM_TEXT, || {
            for (filter, topic) in &texts {
                let filter = TopicFilter::from_bytes(black_box(filter).as_bytes());
                let topic = TopicName::from_bytes(black_box(topic).as_bytes());
                black_box(
                    filter.is_ok_and(|filter| topic.is_ok_and(|topic| filter.matches(topic))),
                );
            }
        }),
        Contender::new(MOSQUITTO, || {
            for (filter, topic) in &c_texts {
                black_box(mosquitto(black_box(filter), black_box(topic)));
            }
        }),
        Contender::new(RUMQTTC, || {
            for (filter, topic) in &texts {
                black_box(rumqttc::matches(black_box(topic), black_box(filter)));
            }
        }),
    ];
    add(&mut section, contenders, PAIRS, rounds);
    section.goal(OURS, MOSQUITTO, 0, 0.5);
    section.goal(OURS, RUMQTTC, 0, 0.35);
    Ok(section)
}

const COVER_NOTE: &str = "Does a rule cover a subscription? The same filters, each against that of another pair. libmosquitto 2.0 has no such test, and \
rumqttc's\nmatcher, given the subscription as a topic, takes `#` for one level.";

fn covering(rounds: usize) -> Result<Section, Box<dyn Error>> {
    let texts: Vec<_> = pairs().into_iter().map(|(filter, _)| filter).collect();
    let filters = texts
        .iter()
        .map(|text| TopicFilter::new(text))
        .collect::<Result<Vec<_>, _>>()?;
    // Some that are equal but for a wildcard, so that a comparison does not end at once.
    let other = |index: usize| {
        if index % 2 == 0 {
            index
        } else {
            (index + 1) % PAIRS
        }
    };
    let mut section = section("Cover", COVER_NOTE, vec!["mixed set".to_owned()]);
    let contenders = vec![
        Contender::new(OURS, || {
            for (index, filter) in filters.iter().enumerate() {
                black_box(black_box(filter).covers(black_box(filters[other(index)])));
            }
        }),
        Contender::new(RUMQTTC, || {
            for (index, filter) in texts.iter().enumerate() {
                black_box(rumqttc::matches(
                    black_box(&texts[other(index)]),
                    black_box(filter),
                ));
            }
        }),
    ];
    add(&mut section, contenders, PAIRS, rounds);
    section.goal(OURS, RUMQTTC, 0, 0.5);
    Ok(section)
}

const CLIENT: &str = "device-0123456789ab";
const COUNTS: [usize; 4] = [1, 10, 1000, 10_000];

/// A question to lists of every size.
struct Question {
    title: &'static str,
    note: &'static str,
    topic: fn(rules: usize) -> String,
    is_allowed: bool,
}

const QUESTIONS: [Question; 3] = [
    Question {
        title: "Decide: allowed by the first rule",
        note: "May a client publish? By number of rules: `tx/%c/#` first, then literal ones such as `fleet/site-7/line-00042/state`. The peers' matchers go\n\
               from rule to rule until one matches, with the client's identifier written into the patterns beforehand. Compiled, every rule that\n\
               fits is looked at, because one that denies may come last.",
        topic: |_| format!("tx/{CLIENT}/room/temperature"),
        is_allowed: true,
    },
    Question {
        title: "Decide: allowed by the last rule",
        note: "The topic of the last rule.",
        topic: |rules| {
            pattern(rules - 1)
                .replace("%c", CLIENT)
                .replace('#', "state")
        },
        is_allowed: true,
    },
    Question {
        title: "Decide: refused",
        note: "Another client's topic.",
        topic: |_| "tx/device-0123456789ac/room/temperature".to_owned(),
        is_allowed: false,
    },
];

pub(crate) fn pattern(index: usize) -> String {
    match index {
        0 => "tx/%c/#".to_owned(),
        _ => format!("fleet/site-{}/line-{index:05}/state", index % 97),
    }
}

fn deciding(question: Question, rounds: usize) -> Result<Section, Box<dyn Error>> {
    let columns = COUNTS.map(|count| format!("{count} rules")).to_vec();
    let mut section = section(question.title, question.note, columns);
    let client = ClientId::new(CLIENT)?;
    for count in COUNTS {
        let patterns: Vec<_> = (0..count).map(pattern).collect();
        let expanded: Vec<_> = patterns
            .iter()
            .map(|pattern| pattern.replace("%c", CLIENT))
            .collect();
        let mut rules = Vec::new();
        let mut c_patterns = Vec::new();
        for (pattern, expanded) in patterns.iter().zip(&expanded) {
            rules.push(Rule {
                effect: Effect::Allow,
                access: Access::Publish,
                pattern: Pattern::new(pattern)?,
                sealed: false,
            });
            c_patterns.push(CString::new(expanded.as_str())?);
        }
        let (plain, compiled) = (Acl::new(&rules), CompiledAcl::new(&rules));
        let text = (question.topic)(count);
        let (topic, c_topic) = (TopicName::new(&text)?, CString::new(text.as_str())?);
        let answers = [
            compiled.publish(client, topic).is_allowed(),
            plain.publish(client, topic).is_allowed(),
            c_patterns
                .iter()
                .any(|pattern| mosquitto(pattern, &c_topic)),
            expanded
                .iter()
                .any(|pattern| rumqttc::matches(&text, pattern)),
        ];
        if answers != [question.is_allowed; 4] {
            return Err(format!("{}: {answers:?}", question.title).into());
        }
        let contenders = vec![
            Contender::new(COMPILED, || {
                let _ =
                    black_box(black_box(&compiled).publish(black_box(client), black_box(topic)));
            }),
            Contender::new(PLAIN, || {
                let _ = black_box(black_box(plain).publish(black_box(client), black_box(topic)));
            }),
            Contender::new(MOSQUITTO, || {
                let topic = black_box(&c_topic);
                black_box(
                    black_box(&c_patterns)
                        .iter()
                        .any(|pattern| mosquitto(pattern, topic)),
                );
            }),
            Contender::new(RUMQTTC, || {
                let topic = black_box(&text);
                black_box(
                    black_box(&expanded)
                        .iter()
                        .any(|pattern| rumqttc::matches(topic, pattern)),
                );
            }),
        ];
        add(&mut section, contenders, 1, rounds);
    }
    section.goals.push(flatness(&question, rounds)?);
    if question.title != QUESTIONS[0].title {
        section.goal(COMPILED, MOSQUITTO, 2, 0.02);
    }
    Ok(section)
}

/// Ten and ten thousand rules in rounds that take turns, because a ratio of two tables is one of two moments.
fn flatness(question: &Question, rounds: usize) -> Result<Goal, Box<dyn Error>> {
    let client = ClientId::new(CLIENT)?;
    let patterns: Vec<_> = (0..COUNTS[3]).map(pattern).collect();
    let mut rules = Vec::new();
    for pattern in &patterns {
        rules.push(Rule {
            effect: Effect::Allow,
            access: Access::Publish,
            pattern: Pattern::new(pattern)?,
            sealed: false,
        });
    }
    let counts = [COUNTS[1], COUNTS[3]];
    let lists = counts.map(|count| CompiledAcl::new(&rules[..count]));
    let texts = counts.map(question.topic);
    let mut contenders = Vec::new();
    for (list, text) in lists.iter().zip(&texts) {
        let topic = TopicName::new(text)?;
        contenders.push(Contender::new(COMPILED, move || {
            let _ = black_box(black_box(list).publish(black_box(client), black_box(topic)));
        }));
    }
    let times = medians(&mut contenders, rounds);
    Ok(Goal {
        what: format!("{}, {COMPILED}: 10 000 rules / 10 rules", question.title),
        at_most: 1.5,
        is: times[1] / times[0],
    })
}
