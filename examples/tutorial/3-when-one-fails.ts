import { basename } from 'node:path';
import { gather, map, run } from 'offloop';
import { someFiles } from './files.ts';
import { saved } from './jobs.ts';

await run(async () => {
  const files = [...(await someFiles()), '/no/such/file.ts'];

  // The first failure cancels the other calls, waits for them, and is thrown as it is: class, code and all.
  await map(files, (file) => saved(file)).catch((error: NodeJS.ErrnoException) => console.log('all or nothing:', error.code));

  // Or take what there is.
  const results = await gather(
    files.map((file) => () => saved(file)),
    { settle: true },
  );
  const failed = files.filter((_, i) => results[i]?.status === 'rejected');
  console.log(`${files.length - failed.length} compressed, failed: ${failed.map((file) => basename(file)).join(', ')}`);
});
