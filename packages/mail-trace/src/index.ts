/** The way of one message. It knows no SQL. */

export { findTrace } from './find-trace.ts';
export { LISTED_MAIL, MOST_LISTED_MAIL, SOUGHT_CHARACTERS } from './limits.ts';
export { listMail, listOwnMail, type MailList, type MailPage, parseCursor } from './list-mail.ts';
export { OUTCOMES, type OutcomeName } from './outcomes.ts';
export { isTransactionId, parseSought } from './parse-sought.ts';
export { type Trace, type TracedRecipient, type TraceEvent, traceMail } from './trace-mail.ts';
export { outcomeWords, replyWords } from './words.ts';
