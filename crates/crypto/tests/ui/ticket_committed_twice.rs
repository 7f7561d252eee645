use mqward_crypto::{Ticket, Window};

fn twice(window: &mut Window, ticket: Ticket) {
    let _ = window.commit(ticket);
    let _ = window.commit(ticket);
}

fn main() {}
