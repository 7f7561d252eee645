//! Topic matching written to be read next to MQTT §4.7: slow, recursive, plainly right.

/// Whether a valid filter matches a valid name.
pub(crate) fn matches(filter: &str, name: &str) -> bool {
    matches_levels(&levels(filter), &levels(name))
}

/// The topic levels of a name or filter.
pub(crate) fn levels(text: &str) -> Vec<&str> {
    text.split('/').collect()
}

/// The same for levels.
pub(crate) fn matches_levels(filter: &[&str], name: &[&str]) -> bool {
    // §4.7.2: no wildcard in the first level for names that begin with `$`.
    if name[0].starts_with('$') && matches!(filter[0], "+" | "#") {
        return false;
    }
    rest_matches(filter, name)
}

fn rest_matches(filter: &[&str], name: &[&str]) -> bool {
    match (filter, name) {
        // §4.7.1.2: the parent level and any number of child levels.
        (["#"], _) => true,
        ([], []) => true,
        (["+", filter @ ..], [_, name @ ..]) => rest_matches(filter, name),
        ([level, filter @ ..], [other, name @ ..]) => level == other && rest_matches(filter, name),
        _ => false,
    }
}
