// What is wrong with a photo, in words for the person who chose it.

export class Refused extends Error {}
