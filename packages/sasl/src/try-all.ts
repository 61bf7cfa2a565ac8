/**
 * Of the passwords that match, one that lets somebody in, or null. All are tried whichever is right, so that the time
 * says neither whether one was nor which.
 */
export function tryAll<Identity, Candidate extends { readonly identity: Identity | null }>(
  candidates: readonly Candidate[],
  matches: (candidate: Candidate) => boolean,
): Candidate | null {
  return candidates.filter(matches).find(({ identity }) => identity !== null) ?? null;
}
