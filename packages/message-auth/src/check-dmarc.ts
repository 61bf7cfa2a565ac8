import type { MailauthResolver } from 'mailauth/lib/dkim/dkim-verifier.js';
import { evaluateDmarc } from 'mailauth/lib/dmarc/verify.js';
import type { AuthorDomains } from './author-domains.ts';
import { AUTHOR_DOMAINS } from './limits.ts';
import type { DkimResult, DmarcEvaluated, DmarcPolicy, DmarcResult, SpfResult } from './results.ts';

/** The addresses of From as mailauth reads it, the domains as we do, and how many such fields there are. */
export interface Authors extends AuthorDomains {
  readonly addresses: readonly string[];
  readonly fields: number;
}

const STRENGTH: readonly DmarcPolicy[] = ['none', 'quarantine', 'reject'];

/**
 * RFC 9989 §5, with the Organizational Domain by a walk up the DNS (§4.10) instead of a list of public suffixes.
 *
 * A message with several author domains passes for none of them (§11.5 leaves it to us): it fails, and the strongest of their
 * policies holds, since which of them a mail program shows cannot be known. So it is where From can be read in two ways, and of
 * more domains than are asked for one may want anything.
 */
export async function checkDmarc(
  resolver: MailauthResolver,
  authors: Authors,
  spf: SpfResult,
  dkim: readonly DkimResult[],
): Promise<DmarcResult> {
  const identified = {
    spfDomains: spf.result === 'pass' ? [spf.domain] : [],
    dkimDomains: dkim.filter(({ result }) => result === 'pass').map(({ domain }) => ({ domain })),
  };
  const evaluate = (headerFrom: readonly string[], fromFields: number, domains = identified) =>
    evaluateDmarc({ headerFrom, fromFields, ...domains, resolver, strict: true });

  const addresses = [...authors.addresses, ...authors.domains.map((domain) => `author@${domain}`)];
  const { response, reason = null, authorDomains = [] } = await evaluate(addresses, authors.fields);
  if (authors.isCutOff || authorDomains.length > AUTHOR_DOMAINS) {
    const [domain = null] = authorDomains;
    return { result: 'fail', reason: 'too-many-authors', domain, policy: 'reject', evaluated: null };
  }
  if (response !== false) return dmarcResult(response);

  const nobody = { spfDomains: [], dkimDomains: [] };
  const each = await Promise.all(authorDomains.map(async (domain) => (await evaluate([domain], 1, nobody)).response));
  const results = each.filter((one) => one !== false).map(dmarcResult);
  const failed = results.filter(({ result }) => result === 'fail');
  if (failed.length === 0) {
    const isUnclear = results.some(({ result }) => result === 'temperror');
    const [domain = null] = authorDomains;
    return { result: isUnclear ? 'temperror' : 'permerror', reason, domain, policy: 'none', evaluated: null };
  }
  const [strongest] = failed.toSorted((a, b) => STRENGTH.indexOf(b.policy) - STRENGTH.indexOf(a.policy));
  const { domain = null, policy = 'none' } = strongest ?? {};
  return { result: 'fail', reason, domain, policy, evaluated: null };
}

type Response = Exclude<Awaited<ReturnType<typeof evaluateDmarc>>['response'], false>;

function dmarcResult(response: Response): DmarcResult {
  const { status, domain, policy } = response;
  const { from } = status.header ?? {};
  return {
    result: resultOf(status.result),
    reason: null,
    domain: (typeof from === 'string' ? from : domain) ?? null,
    policy: policyOf(policy),
    evaluated: evaluated(response),
  };
}

const policyOf = (text: string | undefined): DmarcPolicy =>
  text === 'reject' || text === 'quarantine' ? text : 'none';

function evaluated({ policyDomain, p, sp, testMode, rr, alignment }: Response): DmarcEvaluated | null {
  if (policyDomain === undefined || rr === undefined || alignment === undefined) return null;
  return {
    policyDomain,
    p: policyOf(p),
    sp: policyOf(sp),
    adkim: alignment.dkim.strict ? 's' : 'r',
    aspf: alignment.spf.strict ? 's' : 'r',
    fo: /;[ \t]*fo[ \t]*=[ \t]*([01ds:]{1,7})[ \t]*(?:;|$)/.exec(rr)?.[1] ?? '0',
    isTest: testMode === true,
    wantsReports: /;[ \t]*rua[ \t]*=[ \t]*[^ \t;]/.test(rr),
    isDkimAligned: alignment.dkim.result !== undefined,
    isSpfAligned: alignment.spf.result !== undefined,
  };
}

function resultOf(result: string): DmarcResult['result'] {
  return result === 'pass' || result === 'fail' || result === 'none' ? result : 'temperror';
}
