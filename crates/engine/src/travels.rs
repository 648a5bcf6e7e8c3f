//! What is under way of a whole film, one thing at a time: it travels, or is looked at.

use tokio_util::sync::CancellationToken;

/// What is under way of a film, by a number: what came of an earlier one is not heard any more.
#[derive(Debug, Default)]
pub(crate) struct Travels {
    token: CancellationToken,
    number: u64,
}

impl Travels {
    /// Ends what is under way: the handles of what comes next.
    pub fn anew(&mut self) -> (CancellationToken, u64) {
        self.token.cancel();
        self.token = CancellationToken::new();
        self.number += 1;
        (self.token.clone(), self.number)
    }

    /// Ends what is under way.
    pub fn end(&self) {
        self.token.cancel();
    }

    /// Whether it was ended.
    pub fn is_ended(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Whether what is under way has this number.
    pub fn is(&self, number: u64) -> bool {
        self.number == number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_ends_what_was_under_way() {
        let mut travels = Travels::default();
        let (first, number) = travels.anew();
        assert!(travels.is(number) && !first.is_cancelled());
        let (second, next) = travels.anew();
        assert!(first.is_cancelled() && !travels.is_ended());
        assert!(travels.is(next) && !travels.is(number));
        travels.end();
        assert!(second.is_cancelled() && travels.is_ended());
    }
}
