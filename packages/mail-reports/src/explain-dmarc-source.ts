/** What reports say of one server that sends as a domain: numbers of messages. */
export interface SourceFigures {
  readonly address: string;
  readonly messages: number;
  /** Neither DKIM nor SPF vouch for them. */
  readonly failed: number;
  /** Put aside, and refused. */
  readonly quarantined: number;
  readonly rejected: number;
  /** Passing by DKIM, and by SPF. */
  readonly byDkim: number;
  readonly bySpf: number;
  /** Signatures, or SPF, were right, but of domains that are not aligned. */
  readonly isSignedByOthers: boolean;
  readonly isSentByOthers: boolean;
}

/** What that means, and what to do, in words for who owns the domain. */
export function explainDmarcSource(source: SourceFigures): string {
  const { address, messages, failed, byDkim, bySpf } = source;
  if (messages === 0) return `No mail from ${address} was counted.`;
  if (failed === 0) return passes(source);
  const most = failed === messages ? '' : ` (${failed} of ${messages} messages)`;
  const done = whatWasDone(source);
  if (failed < messages) {
    const by = [byDkim > 0 ? 'signed' : '', bySpf > 0 ? 'allowed by SPF' : '']
      .filter((part) => part !== '')
      .join(' or ');
    return `The server at ${address} sends as you, and some of its mail is not ${by} while the rest is${most}: perhaps a list or a forwarder changes it.${done}`;
  }
  if (source.isSignedByOthers) {
    return `The server at ${address} sends as you, and signs with another domain than yours: if it is a service that you use, give it a DKIM key of your domain; else somebody uses your name.${done}`;
  }
  if (source.isSentByOthers) {
    return `The server at ${address} sends as you under a return address of another domain, and is not signed by yours: if it is a service that you use, have it sign with DKIM; else somebody uses your name.${done}`;
  }
  return `The server at ${address} sends as you, and its mail is neither signed (DKIM) nor allowed by SPF: if it is yours, name it in the SPF record and have it sign; else somebody uses your name.${done}`;
}

function passes({ address, messages, byDkim, bySpf }: SourceFigures): string {
  if (bySpf === 0)
    return `Mail from ${address} is signed; SPF does not pass for your domain, as with mail that was passed on. All is well.`;
  if (byDkim === 0)
    return `Mail from ${address} is allowed by SPF, and not signed: what is passed on from there will fail. Have it sign with DKIM.`;
  return byDkim === messages
    ? `Mail from ${address} is signed. All is well.`
    : `Mail from ${address} passes, some of it by SPF alone.`;
}

function whatWasDone({ failed, quarantined, rejected }: SourceFigures): string {
  const words = [
    ...(rejected > 0 ? [`refused ${rejected}`] : []),
    ...(quarantined > 0 ? [`put ${quarantined} with the junk`] : []),
  ];
  return words.length === 0 ? ` Others took the ${failed} all the same.` : ` Others ${words.join(' and ')}.`;
}
