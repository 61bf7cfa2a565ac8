/** The way of one message. It knows no SQL. */

export { LISTED_MAIL, MOST_LISTED_MAIL, SOUGHT_CHARACTERS } from './limits.ts';
export { listMail, type MailList, type MailPage, parseCursor } from './list-mail.ts';
export { isTransactionId, parseSought } from './parse-sought.ts';
export { type Trace, type TracedRecipient, type TraceEvent, traceMail, type Viewer } from './trace-mail.ts';
export { checkWords, outcomeWords } from './words.ts';
