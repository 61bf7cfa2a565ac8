import { Readable } from 'node:stream';
import { type MimeNode, Splitter } from '@zone-eu/mailsplit';
import { type AddressObject, simpleParser } from 'mailparser';
import PostalMime, { type Address as PostalAddress } from 'postal-mime';
import { parseAddresses } from '../addresses.ts';
import { charsetDecoder } from '../charset.ts';
import { decodeEncodedWords } from '../encoded-words.ts';
import { limits } from '../limits.ts';
import { parseMessage } from '../message-parser.ts';
import { lowerCase, type OctetString } from '../octet-string.ts';
import { fileName } from '../parameter-text.ts';
import { parameterValue } from '../parameters.ts';
import type { Part } from '../part.ts';
import { transferDecoder } from '../transfer-decoders.ts';

/** What a person sees of a message, in a form that several libraries can be brought into. */
export interface MessageView {
  readonly subject: string;
  /** From, To and Cc as `name <address>`; groups dissolved. */
  readonly addresses: string;
  /** Names and types of what is not shown as text, embedded messages among them. */
  readonly attachments: string;
  /** The text/plain parts that are shown, white space made one space. */
  readonly text: string;
  /** The text/html parts that are shown, likewise. */
  readonly html: string;
}

function spaced(text: string): string {
  return text.replace(/[\s\0]+/g, ' ').trim();
}

function listed(addresses: readonly { readonly name: string; readonly address: string }[]): string {
  return addresses
    .map(({ name, address }) => (name === '' || name === address ? address : `${name} <${address}>`))
    .join(', ');
}

/** The view that this package gives. */
export function viewOfOurs(octets: Buffer): MessageView {
  const { fields, root } = parseMessage(octets);
  const attachments: string[] = [];
  const text: string[] = [];
  const html: string[] = [];
  const pending: Part[] = [root];
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    const type = lowerCase(`${part.type}/${part.subtype}`);
    const isAttachment = part.disposition !== null && lowerCase(part.disposition.type) === 'attachment';
    if (part.kind === 'multipart') {
      pending.push(...part.children.toReversed());
    } else if (isAttachment || (type !== 'text/plain' && type !== 'text/html')) {
      attachments.push(`${fileName(part) ?? ''}|${type}`);
    } else {
      (type === 'text/html' ? html : text).push(decodedBody(octets, part));
    }
  }
  const of = (values: readonly OctetString[]) => values.flatMap((value) => parseAddresses(value, limits.addresses));
  return {
    subject: spaced(decodeEncodedWords(fields.subject ?? '')),
    addresses: listed(
      [...of(fields.from), ...of(fields.to), ...of(fields.cc)].flatMap(({ name, mailbox, host }) =>
        mailbox === null || host === null
          ? []
          : [{ name: spaced(decodeEncodedWords(name ?? '')), address: decodeEncodedWords(`${mailbox}@${host}`) }],
      ),
    ),
    attachments: attachments.join(', '),
    text: spaced(text.join(' ')),
    html: spaced(html.join(' ')),
  };
}

function decodedBody(octets: Buffer, part: Part): string {
  const transfer = transferDecoder(part.encoding);
  const charset = charsetDecoder(parameterValue(part.parameters, 'charset'));
  const body = charset.write(transfer.write(octets.subarray(part.bodyStart, part.end)));
  return body + charset.write(transfer.end()) + charset.end();
}

export async function viewOfMailparser(octets: Buffer): Promise<MessageView> {
  const mail = await simpleParser(octets, {
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipTextLinks: true,
    skipImageLinks: true,
  });
  const of = (objects: AddressObject | AddressObject[] | undefined) =>
    [objects ?? []].flat().flatMap((object) =>
      object.value.flatMap(({ name, address, group }) =>
        (group ?? [{ name, address }]).map((member) => ({
          name: spaced(member.name ?? ''),
          address: member.address ?? '',
        })),
      ),
    );
  return {
    subject: spaced(mail.subject ?? ''),
    addresses: listed([...of(mail.from), ...of(mail.to), ...of(mail.cc)]),
    attachments: mail.attachments.map(({ filename, contentType }) => `${filename ?? ''}|${contentType}`).join(', '),
    text: spaced(mail.text ?? ''),
    html: spaced(mail.html || ''),
  };
}

export async function viewOfPostalMime(octets: Buffer): Promise<MessageView> {
  const mail = await PostalMime.parse(octets, { forceRfc822Attachments: true });
  const of = (addresses: readonly PostalAddress[]) =>
    addresses.flatMap((address) =>
      (address.group ?? [address]).map((member) => ({ name: spaced(member.name), address: member.address ?? '' })),
    );
  return {
    subject: spaced(mail.subject ?? ''),
    addresses: listed(of([...(mail.from ? [mail.from] : []), ...(mail.to ?? []), ...(mail.cc ?? [])])),
    attachments: mail.attachments.map(({ filename, mimeType }) => `${filename ?? ''}|${mimeType}`).join(', '),
    text: spaced(mail.text ?? ''),
    html: spaced(mail.html ?? ''),
  };
}

/** The tree of parts as `multipart/mixed(text/plain image/png)`; embedded messages that are no attachments are entered. */
export function structureOfOurs(octets: Buffer): string {
  const write = (part: Part): string => {
    const isAttachment = part.disposition !== null && lowerCase(part.disposition.type) === 'attachment';
    const isEntered = part.kind === 'multipart' || (part.kind === 'message' && !isAttachment);
    return written(lowerCase(`${part.type}/${part.subtype}`), isEntered ? part.children.map(write) : []);
  };
  return write(parseMessage(octets).root);
}

export async function structureOfMailsplit(octets: Buffer): Promise<string> {
  const nodes: MimeNode[] = [];
  const splitter = Readable.from([octets]).pipe(new Splitter({ defaultInlineEmbedded: true }));
  for await (const data of splitter) if (data.type === 'node') nodes.push(data);
  const write = (node: MimeNode): string =>
    written(node.contentType || 'text/plain', nodes.filter((other) => other.parentNode === node).map(write));
  return nodes.slice(0, 1).map(write).join('');
}

function written(type: string, children: readonly string[]): string {
  return children.length === 0 ? type : `${type}(${children.join(' ')})`;
}
