import type { Arrival } from './append.ts';

/** One path by which a message came to an account, and what its sender wants to be told of (RFC 3461 §4.1, §4.2). */
export interface ReceivedRecipient {
  readonly forwardPath: string;
  /** `NEVER` alone, or some of `SUCCESS`, `FAILURE` and `DELAY`; null if nothing was said. */
  readonly notify: readonly string[] | null;
  /** An address type, `;` and xtext, as it came. */
  readonly originalRecipient: string | null;
}

/** What came with a message by the extensions of its protocol, and what it was called here. */
export interface EnvelopeDetails {
  /** As the reply, the log and Received name the message; null if it did not come by SMTP. */
  readonly id: string | null;
  /** Name of the account that was logged in, null if nobody was. */
  readonly sender: string | null;
  /** Who submitted it first, as a trusted client said (RFC 4954 §5): '' if it does not know, null if it said nothing. */
  readonly submitter: string | null;
  /** As Node names them: `TLSv1.3` and `TLS_AES_256_GCM_SHA384`; null if it came in the clear. */
  readonly tls: { readonly version: string; readonly cipher: string } | null;
  /** `7BIT`, `8BITMIME` or `BINARYMIME`; null if nothing was said. */
  readonly body: string | null;
  /** RFC 6531 §3.4. */
  readonly isUtf8: boolean;
  /** It may go on only under TLS: RFC 8689. */
  readonly requiresTls: boolean;
  /** ENVID of RFC 3461 §4.4, in xtext as it came. */
  readonly envelopeId: string | null;
  /** RET of RFC 3461 §4.3. */
  readonly returnContent: 'FULL' | 'HDRS' | null;
  /** How it was to be held, as Future-Release-Request of a DSN has it (RFC 4865 §5.1.2): `for;86400`, `until;2027-06-30T18:30:00Z`. */
  readonly releaseRequest: string | null;
  /** All that led to the account, the one in `forwardPath` first. */
  readonly recipients: readonly ReceivedRecipient[];
  /** What was found of the sender, as Authentication-Results has it (RFC 8601 §2.2); null if nothing was looked at. */
  readonly results: string | null;
}

/** The envelope that a message came in, as it was kept. */
export interface ReceivedEnvelope extends Omit<Arrival, 'prefix'> {
  /** Epoch ms. */
  readonly receivedAt: number;
}

/** Of which nothing was said. */
export const NO_DETAILS: EnvelopeDetails = {
  id: null,
  sender: null,
  submitter: null,
  tls: null,
  body: null,
  isUtf8: false,
  requiresTls: false,
  envelopeId: null,
  returnContent: null,
  releaseRequest: null,
  recipients: [],
  results: null,
};

/** Between what a text of `append_messages` has for the columns of before, and details. */
const SEPARATOR = '\x1f';

/** The protocol, with the details behind it. */
export function encodeArrival({ protocol, details }: Pick<Arrival, 'protocol' | 'details'>): string {
  return `${protocol}${SEPARATOR}${encodeDetails(details)}`;
}

/** Those that are not as in NO_DETAILS, as JSON. */
export function encodeDetails(details: EnvelopeDetails): string {
  const { recipients } = details;
  const saysNoMore =
    recipients.length === 1 && recipients.every((one) => !one.notify && one.originalRecipient === null);
  const told = { ...details, recipients: saysNoMore || recipients.length === 0 ? null : recipients };
  return JSON.stringify(told, (_, value: unknown) => (value === null || value === false ? undefined : value));
}

/** As SQL, for a row `d` of `deliveries`. */
export const ENVELOPE_JSON = `jsonb_build_object(
  'receivedAt', (extract(epoch from d.received_at) * 1000)::bigint, 'reversePath', d.reverse_path, 'forwardPath', d.forward_path,
  'protocol', d.protocol, 'clientAddress', host(d.client_address), 'clientName', d.client_name, 'details', coalesce(d.details, '{}'))`;

/** @param json what ENVELOPE_JSON gave */
export function decodeEnvelope(json: Buffer): ReceivedEnvelope {
  const stored = JSON.parse(json.toString()) as Omit<ReceivedEnvelope, 'details'> & {
    readonly details: Partial<EnvelopeDetails>;
  };
  const { forwardPath } = stored;
  const recipients = (stored.details.recipients ?? [{ forwardPath }]).map((recipient: Partial<ReceivedRecipient>) => ({
    forwardPath: recipient.forwardPath ?? forwardPath,
    notify: recipient.notify ?? null,
    originalRecipient: recipient.originalRecipient ?? null,
  }));
  return { ...stored, details: { ...NO_DETAILS, ...stored.details, recipients } };
}
