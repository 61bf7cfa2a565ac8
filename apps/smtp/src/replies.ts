import type { SmtpListenerKind } from '@postel/config';
import { StorageError, type StorageErrorKind } from '@postel/storage';
import { AUTHORS, HOPS, RECIPIENTS, SUBMITTED_HEADER_OCTETS, TEXT_LINE_OCTETS } from './limits.ts';

/** RFC 3463 §2. */
type EnhancedStatusCode = `${2 | 4 | 5}.${number}.${number}`;

/**
 * Code (RFC 5321 §4.2), enhanced status code and text, chosen together. The enhanced one is null where RFC 2034 §3 wants
 * none: the greeting, replies to HELO and EHLO, and 3yz. Several texts make a reply of several lines.
 */
export type SmtpReply = readonly [
  code: number,
  enhancedStatusCode: EnhancedStatusCode | null,
  text: string | readonly string[],
];

export const replies = {
  ok: [250, '2.0.0', 'OK'],
  goodbye: [221, '2.0.0', 'Goodbye'],
  cannotVerify: [252, '2.5.0', 'Send to it, and see'],

  // TLS and AUTH: RFC 3207 §4, RFC 4954 §4 and §6.
  startTls: [220, '2.0.0', 'Start TLS'],
  alreadyTls: [503, '5.5.1', 'TLS is in use already'],
  loggedIn: [235, '2.7.0', 'Logged in'],
  alreadyLoggedIn: [503, '5.5.1', 'Logged in already'],
  noAuthInTransaction: [503, '5.5.1', 'No AUTH inside a mail transaction'],
  noAuthHere: [503, '5.5.1', 'No logins on this port: mail programs send on ports 587 and 465'],
  authNeedsTls: [538, '5.7.11', 'Use STARTTLS first: this mechanism needs TLS'],
  authNotAllowed: [534, '5.7.9', 'This mechanism is not allowed here: use one that EHLO names'],
  unknownMechanism: [504, '5.5.4', 'No such authentication mechanism'],
  noInitialResponse: [501, '5.7.0', 'This mechanism takes no initial response'],
  authCancelled: [501, '5.7.0', 'Authentication cancelled'],
  authNotBase64: [501, '5.5.2', 'Not base64'],
  authLineTooLong: [500, '5.5.6', 'Authentication response too long'],
  wrongCredentials: [535, '5.7.8', 'Wrong user name or password'],
  wrongAuthorization: [535, '5.7.8', 'These credentials may not act as that identity'],
  authUnavailable: [454, '4.7.0', 'Cannot check passwords now, try again later'],
  needsLogin: [530, '5.7.0', 'Log in first'],
  needsTlsAndLogin: [530, '5.7.0', 'Use STARTTLS and log in first'],

  // The order of commands: RFC 5321 §4.1.4.
  needsGreeting: [503, '5.5.1', 'Say EHLO first'],
  needsGreetingLmtp: [503, '5.5.1', 'Say LHLO first'],
  needsMail: [503, '5.5.1', 'Say MAIL first'],
  noNestedMail: [503, '5.5.1', 'A mail transaction is open already'],
  noRecipientsLmtp: [503, '5.5.1', 'No valid recipients'],
  noRecipients: [554, '5.5.1', 'No valid recipients'],
  noRecipientsYet: [451, '4.3.0', 'No recipient can be accepted now, try again later'],

  // Grammar: RFC 5321 §4.1.2.
  unknownCommand: [500, '5.5.1', 'No such command'],
  badCharacters: [501, '5.5.2', 'A command is printable ASCII, and addresses are UTF-8 at most'],
  badChunk: [501, '5.5.4', 'Say BDAT octets [LAST]'],
  // RFC 3030 §2, §3.
  noDataAfterBdat: [503, '5.5.1', 'A message that came in chunks goes on with BDAT'],
  noRcptAfterBdat: [503, '5.5.1', 'The message has begun to come: it gets no more recipients'],
  binaryNeedsBdat: [503, '5.5.1', 'A message with BODY=BINARYMIME comes by BDAT'],
  bareLineFeed: [500, '5.5.2', 'A line ends in CRLF'],
  lineTooLong: [500, '5.5.2', 'Line too long'],
  takesNoArgument: [501, '5.5.4', 'This command takes no argument'],
  needsArgument: [501, '5.5.4', 'This command needs an argument'],
  badClientName: [501, null, 'EHLO and HELO need a domain name or an address literal'],
  badAuth: [501, '5.5.4', 'Say AUTH mechanism [initial-response]'],
  badMail: [501, '5.5.4', 'Say MAIL FROM:<address>'],
  badRcpt: [501, '5.5.4', 'Say RCPT TO:<address>'],
  badReversePath: [501, '5.1.7', 'Not an address like <user@example.com>'],
  badForwardPath: [501, '5.1.3', 'Not an address like <user@example.com>'],
  badParameter: [501, '5.5.4', 'A parameter is malformed or given twice'],
  unknownParameter: [555, '5.5.4', 'No such parameter here'],

  // RFC 4865 §4.2, §6.
  twoHolds: [501, '5.5.4', 'A message is held by HOLDFOR or by HOLDUNTIL, not by both'],
  holdTooLong: [501, '5.5.4', 'A message is not held so long: EHLO says how long'],
  tooMuchHeld: [552, '5.7.16', 'This account has as much held as it may: wait until some is released'],

  // Mail transactions: RFC 5321 §3.3, RFC 6409 §6. What is said of an address: RFC 3463 §3.2.
  senderOk: [250, '2.1.0', 'OK'],
  recipientOk: [250, '2.1.5', 'OK'],
  // RFC 6531 §3.5.
  reversePathNeedsUtf8: [550, '5.6.7', 'An address that is not ASCII needs the parameter SMTPUTF8'],
  forwardPathNeedsUtf8: [553, '5.6.7', 'An address that is not ASCII needs the parameter SMTPUTF8 of MAIL'],
  // RFC 8689 §2.
  requireTlsNeedsTls: [530, '5.7.10', 'REQUIRETLS needs TLS: use STARTTLS first'],
  senderNotYours: [550, '5.7.1', 'You may not send as this address'],
  authorNotYours: [550, '5.7.1', 'From names an address that you may not send as'],
  noAuthor: [550, '5.6.0', 'The message has no From field, and MAIL names no address'],
  severalFromFields: [550, '5.6.0', 'The message has several From fields'],
  tooManyAuthors: [550, '5.6.0', `From and Sender name more than ${AUTHORS} mailboxes`],
  unclearAuthor: [550, '5.6.0', 'From has something that is no address, or names too many'],
  headerTooLong: [552, '5.3.4', `The header section is longer than ${SUBMITTED_HEADER_OCTETS} octets`],
  noSuchAddress: [550, '5.1.1', 'No such address here'],
  // Not 5.1.x, which blames the address and makes programs strike it out: it is this server that will not.
  noRelay: [550, '5.7.1', 'This server sends no mail to other servers, only to its own addresses'],
  literalElsewhere: [550, '5.1.2', 'Mail goes to domains here, not to numbers of hosts'],
  queueFull: [452, '4.3.1', 'Too much mail of this account waits to be sent: try again later'],
  notHere: [550, '5.7.1', 'This server has no such domain, and passes nothing on'],
  // What is said of lists: RFC 3463 §3.3, §3.8.
  mayNotPost: [550, '5.7.2', 'You may not post to this address'],
  aliasTooLarge: [550, '5.2.4', 'This address stands for too many others'],
  aliasWithoutMembers: [550, '5.1.1', 'This address stands for nobody at present'],
  aliasNeedsRelay: [
    550,
    '5.7.1',
    'This address stands for some at other servers, and this one sends no mail to other servers',
  ],
  someWait: [250, '2.1.5', 'OK, but copies for those of them who can take no mail now will wait'],
  someLeftOut: [250, '2.1.5', 'OK, but some of them have taken no mail for long and do not get it'],
  mailboxDisabled: [450, '4.2.1', 'This mailbox takes no mail at present'],
  mailboxFull: [452, '4.2.2', 'The mailbox is full'],
  largerThanQuota: [552, '5.2.2', 'The message is larger than all that the mailbox may hold'],
  recipientAlone: [
    452,
    '4.5.3',
    'A mailbox with little room gets a transaction of its own: send to the others in another',
  ],
  nullSenderAlone: [
    452,
    '4.5.3',
    'A message from <>, of a host whose name SPF does not vouch for, gets one recipient: send to the others in other transactions',
  ],
  // RFC 3463 §3.8: it is our policy that there are too many.
  tooManyMessages: [451, '4.7.1', 'Too many messages from your network, try again later'],
  tooManyRecipientsOfNetwork: [451, '4.7.1', 'Too many recipients from your network, try again later'],
  tooManyRecipients: [452, '4.5.3', `No more than ${RECIPIENTS} recipients: send to the others in another transaction`],
  startMail: [354, null, 'Send the message, and end it with a line of one dot'],
  messageTooLarge: [552, '5.3.4', 'The message is larger than the SIZE that is announced'],
  badLineEnds: [
    550,
    '5.6.11',
    'The message has a bare CR, a bare LF or a NUL: lines end in CRLF (RFC 5321 section 2.3.8)',
  ],
  nulInLines: [
    550,
    '5.6.11',
    'The message has a NUL in a header, between parts, or in a part that has another encoding',
  ],
  tooManyHops: [554, '5.4.6', `The message goes in circles: it has more than ${HOPS} Received fields`],
  aliasLoop: [554, '5.4.6', 'The message goes in circles: it has come by this address before'],
  textLineTooLong: [550, '5.6.0', `The message has a line longer than ${TEXT_LINE_OCTETS} octets`],

  // What was found out about mail from other servers: RFC 7505 §4.2, RFC 3463 §3.2, RFC 7372 §3.3.
  senderTakesNoMail: [550, '5.7.27', 'The domain of the sender says that it takes no mail (null MX)'],
  noSenderDomain: [550, '5.1.8', 'The domain of the sender does not exist, or has neither MX nor address'],
  dmarcRejects: [
    550,
    '5.7.26',
    'Neither SPF nor DKIM vouches for the domain of From, whose DMARC policy is to reject that',
  ],
  contentDeferred: [451, '4.7.1', 'The content filter asks to try again later'],

  notChecked: [451, '4.7.0', 'Cannot find out now who answers for the message, try again later'],
  headerNotChecked: [552, '5.3.4', 'The header section is too long to find out who answers for the message'],

  unavailable: [451, '4.3.0', 'Something is out of order here, try again later'],

  // Ends of the connection.
  notPipelined: [554, '5.5.1', 'Wait for the reply to DATA'],
  pipelinedTooEarly: [554, '5.5.1', 'Wait for each reply: PIPELINING is for those who have read that of EHLO'],
  earlyTalker: [554, '5.5.1', 'Wait for the greeting'],
  notHttp: [554, '5.5.1', 'This is SMTP, not HTTP'],
  tlsTooEarly: [554, '5.5.1', 'This port begins in plain text: use STARTTLS'],
  tooManyConnections: [421, '4.3.2', 'Too many connections, try again later'],
  tooManyFromNetwork: [421, '4.7.0', 'Too many connections from your network'],
  tooManyFailures: [421, '4.7.0', 'Too many addresses that do not exist were asked for from there'],
  tooManyOfAccount: [421, '4.7.0', 'Too many connections of this account'],
  tooManyFaults: [421, '4.7.0', 'Too many errors'],
  tooManyLogins: [421, '4.7.0', 'Too many refused logins'],
  loginTooLate: [421, '4.4.2', 'No login for too long'],
  tooManyCommands: [421, '4.7.0', 'Too many commands without a login'],
  noProgress: [421, '4.7.0', 'Too many commands that bring nothing'],
  tooManyUnknown: [421, '4.7.0', 'Too many addresses that do not exist'],
  timeout: [421, '4.4.2', 'Silent for too long'],
  tooSlow: [421, '4.4.2', 'Too slow'],
  accountEnded: [421, '4.7.0', 'The account was disabled or removed'],
  credentialEnded: [421, '4.7.0', 'What you logged in with was changed or removed, or has expired: log in again'],
  shuttingDown: [421, '4.3.2', 'Shutting down, try again later'],
} as const satisfies Record<string, SmtpReply>;

const help = (commands: string, rfcs: string) => [214, '2.0.0', [`Commands: ${commands}`, `See ${rfcs}`]] as const;

export const helpReplies = {
  submission: help('EHLO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT', 'RFC 5321 and RFC 6409'),
  mx: help('EHLO STARTTLS MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT', 'RFC 5321'),
  lmtp: help('LHLO STARTTLS MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT', 'RFC 2033'),
} as const satisfies Record<SmtpListenerKind, SmtpReply>;

/**
 * For a message that is judged bad without proof (RFC 3463 §3.8). For now: a sender who is what they say can set right what is
 * wrong while their server tries again, and hears of it from there if nothing helps.
 */
export function suspectReply(reasons: readonly string[]): SmtpReply {
  const advice = 'Set right what is named here, or reach the recipients another way';
  return [451, '4.7.1', ['This message is not taken, for it looks like unwanted mail:', ...reasons, advice]];
}

/** Null: neither yes nor no can be said, so the connection closes without an answer. */
export const storageReplies = {
  nonexistent: [550, '5.1.1', 'An account of this message has been removed'],
  exists: [451, '4.3.0', 'Cannot store the message now'],
  'name-refused': [451, '4.3.0', 'Cannot store the message now'],
  'use-taken': [451, '4.3.0', 'Cannot store the message now'],
  'too-many-names': [451, '4.3.0', 'Cannot store the message now'],
  'too-many-rights': [451, '4.3.0', 'Cannot store the message now'],
  'too-many-annotations': [451, '4.3.0', 'Cannot store the message now'],
  'over-quota': [452, '4.2.2', 'A mailbox of this message is full'],
  'too-many-keywords': [451, '4.3.0', 'Cannot store the message now'],
  'uid-exhausted': [452, '4.2.2', 'A mailbox of this message has no UIDs left'],
  'too-large': replies.messageTooLarge,
  'disk-full': [452, '4.3.1', 'No room to store the message'],
  unavailable: [451, '4.3.0', 'Cannot store the message now, try again later'],
  'outcome-unknown': null,
} as const satisfies Record<StorageErrorKind, SmtpReply | null>;

/** What a command throws for its answer to be `reply`. */
export class SmtpError extends Error {
  override readonly name = 'SmtpError';
  readonly reply: SmtpReply;

  constructor(reply: SmtpReply) {
    super(`${reply[0]} ${reply[1] ?? ''}`);
    this.reply = reply;
  }
}

/** Whether an error that a message ends in says no to it, and the message comes again; else it may have been taken. */
export function isRefusal(error: unknown): boolean {
  return error instanceof SmtpError || (error instanceof StorageError && storageReplies[error.kind] !== null);
}

/** What ends the connection, after a last reply or, with null, without one. */
export class Hangup extends Error {
  override readonly name = 'Hangup';
  readonly reply: SmtpReply | null;

  constructor(reply: SmtpReply | null, why: string) {
    super(why);
    this.reply = reply;
  }
}

/** The reply as it goes over the wire. Errors end in the connection's id, by which the log is found. */
export function formatReply([code, enhancedStatusCode, text]: SmtpReply, connectionId: string): string {
  const texts = typeof text === 'string' ? [text] : text;
  const prefix = enhancedStatusCode === null ? '' : `${enhancedStatusCode} `;
  const suffix = code >= 400 ? ` (${connectionId})` : '';
  return texts
    .map((line, i) => {
      const isLast = i === texts.length - 1;
      return `${code}${isLast ? ' ' : '-'}${prefix}${line}${isLast ? suffix : ''}\r\n`;
    })
    .join('');
}
