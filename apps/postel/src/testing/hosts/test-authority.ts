import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeyedCertificate, makeAuthority } from '../../certificates/make-certificates.ts';

/** The authority of a test's hosts, whose certificate all of them have in a file. */
export class TestAuthority {
  readonly own: KeyedCertificate;
  readonly file: string;

  private constructor(own: KeyedCertificate, file: string) {
    this.own = own;
    this.file = file;
  }

  static async make(directory: string): Promise<TestAuthority> {
    const own = await makeAuthority();
    const file = join(directory, 'ca.pem');
    writeFileSync(file, own.certificate);
    return new TestAuthority(own, file);
  }
}
