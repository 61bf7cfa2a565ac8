import { type Command, ok } from '../command.ts';
import { ENABLED_BY, type Extension } from '../extensions.ts';
import { MetadataNews } from '../metadata-news.ts';

/**
 * ENABLE: RFC 5161 §3.1. ENABLED names what was not enabled before; what a server does not know, or need not be enabled, it
 * passes over. Also with a mailbox selected: the RFC asks no server to look.
 */
export const enable: Command<ReadonlySet<Extension>> = {
  name: 'ENABLE',
  state: 'authenticated',
  parse(args) {
    const extensions = new Set<Extension>();
    do for (const extension of ENABLED_BY.get(args.sp().atom().toUpperCase()) ?? []) extensions.add(extension);
    while (!args.isAtEnd());
    return extensions;
  },
  async run(session, extensions) {
    const knewCondstore = session.hasEnabled('CONDSTORE');
    session.out.text('* ENABLED');
    for (const extension of extensions) if (session.enable(extension)) session.out.sp().text(extension);
    session.out.crlf();
    if (extensions.has('UIDONLY')) session.contexts.endNumbered(session);
    if (!knewCondstore && session.hasEnabled('CONDSTORE')) session.tellHighestModSeq(); // RFC 7162 §3.1
    if (session.hasEnabled('METADATA')) session.metadataNews ??= await MetadataNews.begin(session);
    return ok('Enabled what there is');
  },
};
