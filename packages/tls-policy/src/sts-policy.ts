import { MOST_MAX_AGE_SECONDS, POLICY_OCTETS, POLICY_PATTERNS } from './limits.ts';

export type StsMode = 'enforce' | 'testing' | 'none';

/** RFC 8461 §3.2. */
export interface StsPolicy {
  readonly mode: StsMode;
  /** Names of MX hosts in lower case; one that begins with `*.` is any name with one label more. */
  readonly mx: readonly string[];
  readonly maxAgeSeconds: number;
}

const FIELD = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*(.*)$/;
const MODES: readonly StsMode[] = ['enforce', 'testing', 'none'];
/** RFC 5321 §4.1.2: labels of letters, digits and hyphens. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const NAME_OCTETS = 253;

/** Reads a policy as a web server sent it: RFC 8461 §3.2. @returns what is wrong with it, where something is */
export function parseStsPolicy(text: string): StsPolicy | string {
  if (text.length > POLICY_OCTETS) return 'the policy is too long';
  const fields = new Map<string, string>();
  const mx: string[] = [];
  // What ends a line, the last one too, is a CRLF, or an LF: `sts-policy-term`.
  for (const line of text.split('\n').map((ended) => ended.trimEnd())) {
    if (line === '') continue;
    const [, name, value = ''] = FIELD.exec(line) ?? [];
    // No control characters, of which a web server can send any.
    if (name === undefined || value === '' || /[\x00-\x1f\x7f]/.test(value)) return 'a line of the policy is no field';
    if (name !== 'mx') {
      // Of fields that stand twice, the first counts.
      if (!fields.has(name)) fields.set(name, value);
      continue;
    }
    const pattern = value.toLowerCase();
    if (!isPattern(pattern)) return 'an mx of the policy is no host name';
    mx.push(pattern);
    if (mx.length > POLICY_PATTERNS) return 'the policy has too many mx';
  }
  if (fields.get('version') !== 'STSv1') return 'the policy has no version STSv1';
  const mode = MODES.find((known) => known === fields.get('mode'));
  if (mode === undefined) return 'the policy has no mode that is known';
  const age = fields.get('max_age') ?? '';
  if (!/^[0-9]{1,10}$/.test(age)) return 'the policy has no max_age';
  if (mx.length === 0 && mode !== 'none') return 'the policy has no mx';
  return { mode, mx, maxAgeSeconds: Math.min(Number(age), MOST_MAX_AGE_SECONDS) };
}

/** As reports tell it: RFC 8460 §4.5. */
export function stsPolicyLines({ mode, mx, maxAgeSeconds }: StsPolicy): readonly string[] {
  return ['version: STSv1', `mode: ${mode}`, ...mx.map((pattern) => `mx: ${pattern}`), `max_age: ${maxAgeSeconds}`];
}

/** Whether a policy knows a host as one of the domain: RFC 8461 §4.1. @param host in A-labels */
export function isHostOfPolicy({ mx }: StsPolicy, host: string): boolean {
  const name = host.toLowerCase();
  const dot = name.indexOf('.');
  const anyAtItsPlace = dot > 0 ? `*${name.slice(dot)}` : null;
  return mx.some((pattern) => pattern === name || pattern === anyAtItsPlace);
}

function isPattern(pattern: string): boolean {
  const name = pattern.startsWith('*.') ? pattern.slice(2) : pattern;
  return name.length <= NAME_OCTETS && name.split('.').every((label) => LABEL.test(label));
}
