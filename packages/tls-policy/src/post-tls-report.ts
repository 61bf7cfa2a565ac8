import { lookUpAddresses } from '@postel/dns';
import { endOf, exchange, type Web } from './https-exchange.ts';
import { REPORT_MS } from './limits.ts';

/** Brings a report to a web server: RFC 8460 §5.4. @throws if it does not take it */
export async function postTlsReport(web: Web, url: URL, gzip: Buffer, timeoutMs = REPORT_MS): Promise<void> {
  const found = await lookUpAddresses(web.resolver, url.hostname);
  const addresses = found.kind === 'found' ? found.records.filter((address) => web.isReachable(address)) : [];
  if (addresses.length === 0) throw new Error('it has no address in the world');
  const { hostname: host, pathname, search } = url;
  const headers = { 'content-type': 'application/tlsrpt+gzip', 'content-length': gzip.length };
  const place = { host, port: web.port, path: `${pathname}${search}`, addresses, authorities: web.authorities };
  await exchange({ ...place, method: 'POST', headers, signal: endOf(web, timeoutMs) }, gzip, (answer) => {
    const { statusCode = 0 } = answer;
    if (statusCode < 200 || statusCode > 299) throw new Error(`it answers with status ${statusCode}`);
  });
}
