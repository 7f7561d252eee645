//! Wildcards in a Topic Name, however many and wherever.

use mqward_topic::{SyntaxError, TopicName};

#[test]
fn no_number_of_wildcards_makes_a_name() {
    for pieces in [["+", "+"], ["+", "#"], ["#", "+"], ["#", "#"], ["a", "#"]] {
        for separator in ["", "/", "x", "/x/"] {
            for times in 1..5 {
                let text = vec![pieces.join(separator); times].join(separator);
                let first = text.find(['+', '#']);
                assert_eq!(
                    TopicName::new(&text).err(),
                    first.map(|at| SyntaxError::WildcardInName { at }),
                    "{text}"
                );
            }
        }
    }
}
