/** Where mail programs connect. */
export interface ConfiguredServers {
  readonly hostname: string;
  readonly incoming: readonly ConfiguredServer[];
  readonly outgoing: readonly ConfiguredServer[];
}

interface ConfiguredServer {
  readonly port: number;
  readonly security: 'TLS' | 'STARTTLS';
}

/** As Thunderbird and others ask for it (config-v1.1.xml); the user name is the address, which they put in themselves. */
export function autoconfigDocument(domain: string, { hostname, incoming, outgoing }: ConfiguredServers): string {
  const server =
    (tag: string, type: string) =>
    ({ port, security }: ConfiguredServer) =>
      `    <${tag} type="${type}">
      <hostname>${escaped(hostname)}</hostname>
      <port>${port}</port>
      <socketType>${security === 'TLS' ? 'SSL' : 'STARTTLS'}</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </${tag}>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="${escaped(domain)}">
    <domain>${escaped(domain)}</domain>
    <displayName>${escaped(domain)}</displayName>
${[...incoming.map(server('incomingServer', 'imap')), ...outgoing.map(server('outgoingServer', 'smtp'))].join('\n')}
  </emailProvider>
</clientConfig>
`;
}

/** As Outlook asks for it (Autodiscover, POX). @param address as it was asked for */
export function autodiscoverDocument(address: string, { hostname, incoming, outgoing }: ConfiguredServers): string {
  const protocol =
    (type: string) =>
    ({ port, security }: ConfiguredServer) =>
      `      <Protocol>
        <Type>${type}</Type>
        <Server>${escaped(hostname)}</Server>
        <Port>${port}</Port>
        <LoginName>${escaped(address)}</LoginName>
        <SPA>off</SPA>
        <SSL>on</SSL>
        <Encryption>${security === 'TLS' ? 'SSL' : 'TLS'}</Encryption>
        <AuthRequired>on</AuthRequired>
      </Protocol>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
${[...incoming.slice(0, 1).map(protocol('IMAP')), ...outgoing.slice(0, 1).map(protocol('SMTP'))].join('\n')}
    </Account>
  </Response>
</Autodiscover>
`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
