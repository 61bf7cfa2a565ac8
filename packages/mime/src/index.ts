export { type Address, missingHost, missingMailbox, parseAddresses } from './addresses.ts';
export { body, bodyStructure } from './body-structure.ts';
export { type CharsetDecoder, charsetDecoder, decodeCharset } from './charset.ts';
export type { Disposition } from './content-fields.ts';
export {
  type DeliveryReport,
  formatDeliveryReport,
  quotedLines,
  type ReportedAction,
  type ReportedRecipient,
} from './delivery-report.ts';
export { encodeBinary } from './encode-binary.ts';
export { decodeEncodedWords } from './encoded-words.ts';
export { envelope } from './envelope.ts';
export { type EnvelopeHeading, envelopeHeading } from './envelope-heading.ts';
export { FieldCursor } from './field-cursor.ts';
export { findPart, findSection, type Section, type SectionRange } from './find-section.ts';
export { foldForSearch, foldHeaderForSearch } from './fold-for-search.ts';
export { formatDateTime } from './format-date-time.ts';
export {
  formatAddressField,
  formatComment,
  formatDomain,
  formatDomainLiteral,
  formatGroup,
  formatLocalPart,
  formatMailbox,
  formatPhrase,
  formatText,
  type Group,
  type Mailbox,
} from './format-elements.ts';
export { HeaderFieldSelector } from './header-field-selector.ts';
export type { EnvelopeFields } from './header-fields.ts';
export { limits } from './limits.ts';
export { MessageParser, parseMessage } from './message-parser.ts';
export { type MessageSummary, messageSummary } from './message-summary.ts';
export { headerText, type MessageText } from './message-text.ts';
export type { OctetString } from './octet-string.ts';
export { decodeParameterValue, fileName } from './parameter-text.ts';
export { type Parameter, parameterValue } from './parameters.ts';
export { parseDate, parseDateTime } from './parse-date.ts';
export type { MessageStructure, Part, PartRange } from './part.ts';
export { decodePartIndex, encodePartIndex, type PartIndex, PartIndexError } from './part-index.ts';
export { type SortKeys, sortKeys } from './sort-keys.ts';
export { baseSubject, type ThreadReferences, threadMessageIds, threadReferences } from './thread-message-ids.ts';
export { knownTransferDecoder, type TransferDecoder, transferDecoder } from './transfer-decoders.ts';
export { transferEncoding } from './transfer-encoding.ts';
export { unreadHosts } from './unread-hosts.ts';
export { decodeXtext, encodeXtext } from './xtext.ts';
