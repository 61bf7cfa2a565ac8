/** Recipients of one message that are told apart; of more, how many there are. */
export const TRACED_RECIPIENTS = 200;
/** What a list shows at a time, and at most. */
export const LISTED_MAIL = 50;
export const MOST_LISTED_MAIL = 500;
/** Of what a person looks for: a path has 256 octets, what is kept of a Message-ID 250 characters. */
export const SOUGHT_CHARACTERS = 320;
