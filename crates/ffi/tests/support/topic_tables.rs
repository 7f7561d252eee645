//! The vectors of topics, filters, client ids and rules as C arrays.

use core::fmt::Write;

use mqward_vectors as vectors;
use vectors::{CharClass, InvalidText, RuleAccess, RuleEffect};

use super::{Tables, code};

fn refused(out: &mut Tables, invalid: &[InvalidText]) -> Vec<String> {
    invalid
        .iter()
        .map(|it| {
            format!(
                "{{{},{}}}",
                out.bytes(it.bytes.to_vec()),
                code(&it.error.to_uppercase())
            )
        })
        .collect()
}

pub(super) fn topics(out: &mut Tables) {
    let file = vectors::topics();
    for (name, syntax) in [("name_cases", &file.names), ("filter_cases", &file.filters)] {
        let mut rows: Vec<String> = syntax
            .valid
            .iter()
            .map(|text| format!("{{{},0}}", out.bytes(text.to_text())))
            .collect();
        rows.extend(refused(out, &syntax.invalid));
        out.table("text_case", name, &rows);
    }
    let mut rows: Vec<String> = file
        .client_ids
        .valid
        .iter()
        .map(|id| format!("{{{},0}}", out.bytes(id)))
        .collect();
    for id in &file.client_ids.invalid {
        let bytes = vectors::decode_hex(id).unwrap();
        let status = match bytes.len() {
            0 => "EMPTY",
            1..=255 => "CHARACTER",
            _ => "TOO_LONG",
        };
        rows.push(format!("{{{},{}}}", out.bytes(bytes), code(status)));
    }
    out.table("text_case", "client_id_cases", &rows);
    let valid: Vec<String> = file
        .subscriptions
        .valid
        .iter()
        .map(|it| format!("{{{},{}}}", out.bytes(&it.text), out.bytes(&it.filter)))
        .collect();
    out.table("subscription_case", "subscription_cases", &valid);
    let invalid = refused(out, &file.subscriptions.invalid);
    out.table("text_case", "refused_subscriptions", &invalid);

    let rules = file.client_id_rules;
    let mut rows = vec![];
    for (row, rule) in rules.rules.iter().enumerate() {
        let class = match rule.class {
            CharClass::Digits => "MQWARD_DIGITS",
            CharClass::LowerHex => "MQWARD_LOWER_HEX",
            CharClass::Hex => "MQWARD_HEX",
            CharClass::Word => "MQWARD_WORD",
            CharClass::WordDot => "MQWARD_WORD_DOT",
        };
        let (prefix, accepts) = (
            out.bytes(&rule.prefix),
            out.row(&rules.accepts, row, rules.ids.len()),
        );
        let overlaps = out.row(&rules.overlaps, row, rules.rules.len());
        rows.push(format!(
            "{{{prefix},{accepts},{overlaps},{class},{},{}}}",
            rule.min_len, rule.max_len
        ));
    }
    out.table("rule_case", "rule_cases", &rows);
    let ids: Vec<String> = rules.ids.iter().map(|id| out.bytes(id)).collect();
    out.table("bytes", "rule_ids", &ids);

    let mut calls = String::new();
    for (number, grid) in file.grids.iter().enumerate() {
        let filters = grid.filters.len();
        let mut rows = vec![];
        for (row, filter) in grid.filters.iter().enumerate() {
            let filter = out.bytes(filter);
            let matches = out.row(&grid.matches, row, grid.names.len());
            let (covers, overlaps) = (
                out.row(&grid.covers, row, filters),
                out.row(&grid.overlaps, row, filters),
            );
            rows.push(format!("{{{filter},{matches},{covers},{overlaps}}}"));
        }
        out.table("grid_case", &format!("grid{number}"), &rows);
        let names: Vec<String> = grid.names.iter().map(|name| out.bytes(name)).collect();
        out.table("bytes", &format!("grid_names{number}"), &names);
        writeln!(
            calls,
            "    grid(grid{number}, {filters}, grid_names{number}, {});",
            names.len()
        )
        .unwrap();
    }
    let declaration = "static void grid(const struct grid_case *rows, size_t filters, const struct bytes *names, size_t names_len);";
    writeln!(
        out.tables,
        "{declaration}\nstatic void grids(void)\n{{\n{calls}}}"
    )
    .unwrap();
}

pub(super) fn acl(out: &mut Tables) {
    let file = vectors::acl();
    let mut calls = String::new();
    for (number, case) in file.cases.iter().enumerate() {
        let mut rules = vec![];
        for rule in &case.rules {
            let (effect, access) = (
                u8::from(rule.effect == RuleEffect::Allow),
                if rule.access == RuleAccess::Publish {
                    1
                } else {
                    2
                },
            );
            rules.push(format!(
                "{{{},{effect},{access},{}}}",
                out.bytes(&rule.pattern),
                u8::from(rule.sealed)
            ));
        }
        let mut questions = vec![];
        for it in &case.subscribe {
            questions.push(format!(
                "{{{},0,{},0}}",
                out.bytes(&it.filter),
                u8::from(it.allowed)
            ));
        }
        for it in &case.publish {
            let (allowed, sealed) = (u8::from(it.allowed), u8::from(it.sealed));
            questions.push(format!("{{{},1,{allowed},{sealed}}}", out.bytes(&it.topic)));
        }
        for it in &case.deliver {
            questions.push(format!(
                "{{{},2,{},0}}",
                out.bytes(&it.topic),
                u8::from(it.allowed)
            ));
        }
        if questions.is_empty() {
            continue;
        }
        let (rules_name, count) = if rules.is_empty() {
            ("NULL".to_owned(), 0)
        } else {
            out.table("acl_rule", &format!("acl_rules{number}"), &rules);
            (format!("acl_rules{number}"), rules.len())
        };
        out.table(
            "acl_question",
            &format!("acl_questions{number}"),
            &questions,
        );
        let id = out.bytes(&case.client_id);
        writeln!(
            calls,
            "    {{\n        const struct bytes id = {id};\n        acl_case(id, {rules_name}, {count}, acl_questions{number}, {});\n    }}",
            questions.len()
        )
        .unwrap();
    }
    let declaration = "static void acl_case(struct bytes client_id, const struct acl_rule *given, size_t given_len,\n\
                       const struct acl_question *questions, size_t questions_len);";
    writeln!(
        out.tables,
        "{declaration}\nstatic void acl_cases(void)\n{{\n{calls}}}"
    )
    .unwrap();
    let mut rows: Vec<String> = file
        .patterns
        .valid
        .iter()
        .map(|it| format!("{{{},0}}", out.bytes(it)))
        .collect();
    rows.extend(
        file.patterns
            .invalid
            .iter()
            .map(|it| format!("{{{},1}}", out.bytes(it))),
    );
    out.table("text_case", "pattern_cases", &rows);
    let mut rows = vec![];
    for it in &file.client_id_of {
        let id = out.bytes(it.client_id.as_deref().unwrap_or_default());
        rows.push(format!(
            "{{{},{},{id}}}",
            out.bytes(&it.pattern),
            out.bytes(&it.topic)
        ));
    }
    out.table("client_id_case", "client_id_of", &rows);
}
