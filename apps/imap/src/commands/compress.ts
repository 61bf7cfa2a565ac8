import { Bad, type Command, ok } from '../command.ts';

/** COMPRESS: RFC 4978 §3. */
export const compress: Command<null> = {
  name: 'COMPRESS',
  state: 'authenticated',
  parse(args) {
    if (args.sp().atom().toUpperCase() !== 'DEFLATE') throw new Bad('Unknown compression mechanism');
    return null;
  },
  async run({ transport }) {
    if (transport.isCompressed) throw new Bad('COMPRESS is active already', 'COMPRESSIONACTIVE');
    transport.compressAfterAnswer();
    return ok('DEFLATE from here on');
  },
};
