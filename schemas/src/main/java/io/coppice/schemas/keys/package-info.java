/** An agent's Ed25519 key in a file, and its public half on paper: the side of {@link io.coppice.schemas.Signatures} that people see. */
package io.coppice.schemas.keys;
