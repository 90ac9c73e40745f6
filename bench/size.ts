/** `npm run size`: what the tarball weighs, and what an install of it brings along. Packs, and installs into an empty folder. */
import { statSync } from 'node:fs';
import { installConsumer } from '../test/support/consumer.ts';
import { installedWith } from '../test/support/install-size.ts';

const consumer = await installConsumer({});
try {
  const packages = installedWith(consumer.folder, 'offloop');
  const kb = (bytes: number): string => `${(bytes / 1024).toFixed(0)} kB`.padStart(9);
  console.log(`${kb(statSync(consumer.tarball).size)}  tarball, ${consumer.files.length} files`);
  for (const { name, version, bytes } of packages) console.log(`${kb(bytes)}  ${name}@${version}`);
  const total = packages.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`${kb(total)}  installed, ${packages.length - 1} dependencies`);
} finally {
  await consumer.remove();
}
