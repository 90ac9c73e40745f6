import { fromModule, run, toThread } from 'offloop';

const text = fromModule<typeof import('./text.ts')>(new URL('./text.ts', import.meta.url));

await run(async () => {
  console.log(await text.wordCount('the loop stays free'));
  console.log(await toThread((n: number) => 'so is this one'.repeat(n).length, 3)); // self-contained: travels as text
});
