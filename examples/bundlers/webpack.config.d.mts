declare const config: { readonly output: object };
export default config;
