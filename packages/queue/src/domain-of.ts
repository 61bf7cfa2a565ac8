import { domainToASCII } from 'node:url';

/** Where mail to a forward-path goes: the domain in A-labels and lower case, or the address literal. */
export function domainOf(forwardPath: string): string {
  const domain = forwardPath.slice(forwardPath.lastIndexOf('@') + 1).toLowerCase();
  return domain.startsWith('[') ? domain : domainToASCII(domain) || domain;
}
