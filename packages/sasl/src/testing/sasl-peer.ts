import type { ChosenMechanism } from '../client/choose-client-mechanism.ts';

export type PeerReply =
  | { readonly type: 'challenge'; readonly challenge: Buffer }
  | { readonly type: 'success'; readonly words: string }
  | { readonly type: 'failure'; readonly words: string };

/** The server side of somebody else. */
export interface SaslPeer extends AsyncDisposable {
  begin(mechanism: string, initialResponse: Buffer | null): Promise<PeerReply>;
  respond(response: Buffer): Promise<PeerReply>;
}

/** Logs in as a protocol does. @returns what the peer says of who came in @throws if it lets nobody in */
export async function logInTo(peer: SaslPeer, { name, exchange }: ChosenMechanism): Promise<string> {
  let reply = await peer.begin(name, await exchange.initialResponse());
  while (reply.type === 'challenge') reply = await peer.respond(await exchange.respond(reply.challenge));
  if (reply.type === 'failure') throw new Error(`refused: ${reply.words}`);
  exchange.succeeded();
  return reply.words;
}
