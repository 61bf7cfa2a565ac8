/** Addresses that need no quoting, which those of programs never do. */
const ADDRESS = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}$/;

/** The address of a mailto URI (RFC 6068), as records for reports name them; null if it is none, or one that reports cannot go to. */
export function mailtoAddress(uri: string): string | null {
  const url = URL.canParse(uri) ? new URL(uri) : null;
  if (url?.protocol !== 'mailto:') return null;
  const address = decode(url.pathname);
  return address !== null && ADDRESS.test(address) ? address : null;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
