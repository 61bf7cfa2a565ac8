import { SIGNATURES } from './limits.ts';
import { type Envelope, spfIdentity } from './results.ts';

const FIELDS = /(?<=\n)(?![ \t])/;
const DKIM_SIGNATURE = /^dkim-signature[ \t]*:/i;
const FROM = /^from[ \t]*:/i;
/** Tags of RFC 6376 §3.5. */
const DOMAIN = /[:;]\s*d\s*=\s*([a-z0-9._-]+)/i;
const SELECTOR = /[:;]\s*s\s*=\s*([a-z0-9._-]+)/i;
const DOMAIN_AT_START = /^[a-z0-9._-]+/i;

/** Of a longer name the walk goes on from so many at its end: RFC 9989 §4.10. */
const WALK_LABELS = 7;

/**
 * The names whose TXT records will most likely be asked for: of SPF, of the keys of its signatures, and of the policies for its author,
 * by a walk up the DNS. A wrong guess is a question too many, and does no other harm.
 *
 * @param header the header section
 */
export function likelyQuestions(envelope: Envelope, header: Buffer): readonly string[] {
  const fields = header.toString('latin1').split(FIELDS);
  const signatures = fields.filter((field) => DKIM_SIGNATURE.test(field)).slice(0, SIGNATURES);
  const keys = signatures.flatMap((field) => {
    const [domain, selector] = [DOMAIN.exec(field)?.[1], SELECTOR.exec(field)?.[1]];
    return domain === undefined || selector === undefined ? [] : [`${selector}._domainkey.${domain}`];
  });
  const from = fields.find((field) => FROM.test(field)) ?? '';
  const [author] = DOMAIN_AT_START.exec(from.slice(from.lastIndexOf('@') + 1)) ?? [];
  const policies = author === undefined || !from.includes('@') ? [] : upwards(author).map((name) => `_dmarc.${name}`);
  const names = [spfIdentity(envelope).domain, ...keys, ...policies];
  return [...new Set(names.map((name) => name.toLowerCase()))].filter((name) => name !== '');
}

/** A name and those above it, as DMARC walks. */
function upwards(name: string): readonly string[] {
  const labels = name.split('.').filter((label) => label !== '');
  const above = labels.slice(labels.length > WALK_LABELS ? -WALK_LABELS : 1);
  return [name, ...above.map((_, i) => above.slice(i).join('.'))];
}
