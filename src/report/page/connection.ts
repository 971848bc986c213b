/** How the page stands to its run: it follows, has lost it, or there is nothing to follow (any more). */
export type Connection = 'following' | 'lost' | 'none'
