/**
 * The bounds of this package. A message past one of them is still stored, counted and fetched whole; only the
 * structure that we show of it ends there, and stays grammatically valid.
 */
export const limits = {
  /** Parts open inside one another. A multipart or embedded message deeper than this is shown as one opaque part. */
  depth: 100,
  /** Parts of one message. Later delimiters open nothing; their content remains reachable as BODY[TEXT]. */
  parts: 10_000,
  /** Header fields looked at in one header. */
  headerFields: 1_000,
  /** Octets of one header kept for parsing. All octets count in the ranges. */
  headerOctets: 262_144,
  /** Octets of field values that one message's structure keeps; once spent, no further part is opened. */
  retainedOctets: 4_194_304,
  /** Octets of one field's value, address fields and References apart (the header's own bound holds for these). */
  fieldValueOctets: 16_384,
  /** Addresses, group markers included, in one ENVELOPE, and in all envelopes of one BODYSTRUCTURE together. */
  addresses: 10_000,
  /** Parameters read from one Content-Type or Content-Disposition, continuations counted singly. */
  parameters: 100,
  /** Tags read from one Content-Language. */
  languages: 100,
  /** RFC 2046 §5.1.1 allows 70. A multipart with a longer boundary, or none, has no parts that we could find. */
  boundaryOctets: 998,
  /** A longer line is no delimiter, whatever padding it carries. */
  delimiterLineOctets: 2_048,
  /** UTF-16 units of decoded text collected of one message, header and bodies together; the rest is dropped. */
  textCharacters: 1_048_576,
  /** Octets of text bodies decoded of one message, so that markup and junk without text end too. */
  textOctets: 16_777_216,
  /** Octets of a body decoded in one step, whatever the pieces it comes in. */
  decodedAtOnceOctets: 65_536,
  /** Characters of a preview (RFC 8970 §3.3). */
  previewCharacters: 200,
  /** Characters of a subject, as lists of messages show it, and of a Message-ID. */
  summaryCharacters: 1_000,
  /** Addresses of one field in such a list, their characters together, and those of one display name. */
  summaryAddresses: 100,
  summaryListCharacters: 2_000,
  summaryNameCharacters: 200,
  /** Message-IDs by which a message finds its thread, its own among them. */
  threadMessageIds: 20,
  /** References of which THREAD makes its trees. */
  references: 200,
  /** A longer name of a charset names none. */
  charsetOctets: 64,
  /** Names of charsets whose meaning is remembered. */
  rememberedCharsets: 1_000,
  /** Longer strings are sent as literals. */
  quotedStringOctets: 1_000,
} as const;
