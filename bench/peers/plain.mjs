// piscina and tinypool call the default export.
export default (k) => k;
