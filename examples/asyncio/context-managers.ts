import { resource, run } from 'offloop';

const session = resource(async function* () {
  console.log('session opened');
  try {
    yield;
  } finally {
    console.log('session closed'); // also when the body was cancelled
  }
});

const transaction = resource(async function* (name: string) {
  console.log('begin', name);
  try {
    yield name;
    console.log('commit', name);
  } catch (error) {
    console.log('rollback', name);
    throw error;
  }
});

await run(() =>
  session().use(async () => {
    await transaction('first').use(() => {});
    try {
      await transaction('second').use(() => {
        throw new RangeError();
      });
    } catch {
      console.log('second failed');
    }
  }),
);
