import type { TlsPolicy, TlsRefusal } from './decide-tls-policy.ts';
import { isHostOfPolicy } from './sts-policy.ts';
import { type TlsFailure, tlsFailure } from './tls-failure.ts';
import type { TlsPeer } from './tls-peer.ts';
import { verifyDane } from './verify-dane.ts';
import { verifyWebPki } from './verify-web-pki.ts';

/** What came of STARTTLS. */
export type SeenTls =
  | { readonly type: 'not-offered' }
  | { readonly type: 'no-handshake'; readonly reason: string }
  | { readonly type: 'secured'; readonly peer: TlsPeer | null };

export interface TlsJudgement {
  /** Null if mail may go through this connection. */
  readonly refusal: TlsRefusal | null;
  /** What the domain is told that was not as its policy wants it, whether mail goes or not; null if all was. */
  readonly failure: TlsFailure | null;
}

/** Whether a connection is as its policy wants it. */
export function judgeTls(policy: TlsPolicy, seen: SeenTls, now: Date): TlsJudgement {
  const { dane, sts, demand } = policy;
  const missing = missingTls(seen);
  const daneFailure = dane === null ? null : (missing ?? daneFailureOf(policy, seen, now));
  const stsFailure = sts === null ? null : (missing ?? stsFailureOf(policy, seen));
  // A domain that wants no TLS at all is told as much of it as RFC 8460 §4.3.1 has a word for.
  const failure = daneFailure ?? stsFailure ?? (dane === null && sts === null ? missing : null);
  return { failure, refusal: demand === 'optional' ? null : refusalOf() };

  function refusalOf(): TlsRefusal | null {
    // Records that nobody can use leave whoever it is (RFC 7672 §2.2).
    const daneRefusal = dane?.type === 'unusable' ? missing : daneFailure;
    if (daneRefusal !== null) return { by: 'dane', failure: daneRefusal, isTemporary: true };
    // Testing never blocks: RFC 8461 §5.
    if (stsFailure !== null && sts?.mode === 'enforce')
      return { by: 'mta-sts', failure: stsFailure, isTemporary: true };
    if (demand !== 'required') return null;
    const unmet = missing ?? (dane?.type === 'usable' ? null : webPkiFailureOf(policy, seen));
    return unmet === null ? null : { by: 'requiretls', failure: unmet, isTemporary: seen.type === 'no-handshake' };
  }
}

function missingTls(seen: SeenTls): TlsFailure | null {
  switch (seen.type) {
    case 'not-offered':
      return tlsFailure('starttls-not-supported', 'it offers no TLS');
    case 'no-handshake':
      return tlsFailure('validation-failure', seen.reason);
    case 'secured':
      return null;
    default:
      return seen satisfies never;
  }
}

function daneFailureOf({ dane }: TlsPolicy, seen: SeenTls, now: Date): TlsFailure | null {
  if (dane === null) return null;
  if (dane.type === 'unusable') return tlsFailure('tlsa-invalid', 'none of its TLSA records can be used');
  if (seen.type !== 'secured' || seen.peer === null) return noCertificate();
  return verifyDane(dane.records, dane.names, seen.peer, now);
}

function stsFailureOf(policy: TlsPolicy, seen: SeenTls): TlsFailure | null {
  if (policy.sts !== null && !isHostOfPolicy(policy.sts, policy.host)) {
    return tlsFailure('validation-failure', 'it is not among the servers that the policy of the domain names');
  }
  return webPkiFailureOf(policy, seen);
}

function webPkiFailureOf({ host }: TlsPolicy, seen: SeenTls): TlsFailure | null {
  return seen.type === 'secured' && seen.peer !== null ? verifyWebPki(host, seen.peer) : noCertificate();
}

function noCertificate(): TlsFailure {
  return tlsFailure('certificate-not-trusted', 'it shows no certificate');
}
