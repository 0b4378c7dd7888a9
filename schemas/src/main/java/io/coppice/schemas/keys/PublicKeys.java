package io.coppice.schemas.keys;

import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Signatures;
import java.nio.ByteBuffer;
import java.security.PublicKey;
import java.util.Base64;
import java.util.HexFormat;

/** How a public key is shown to people, and read from what they write. */
public final class PublicKeys {

  /** Bytes of an Ed25519 public key as X.509 SubjectPublicKeyInfo in DER. */
  private static final int DER_BYTES = 44;

  private PublicKeys() {}

  /** Its X.509 SubjectPublicKeyInfo, DER, in base64: 60 characters. */
  public static String base64(PublicKey key) {
    return Base64.getEncoder().encodeToString(key.getEncoded());
  }

  /**
   * The inverse of {@link #base64}.
   *
   * @return the key as the log has it
   * @throws IllegalArgumentException if the text is no such key
   */
  public static ByteBuffer fromBase64(String text) {
    try {
      byte[] der = Base64.getDecoder().decode(text);
      if (der.length == DER_BYTES) {
        return Signatures.encode(Signatures.publicKey(ByteBuffer.wrap(der)));
      }
    } catch (IllegalArgumentException e) {
      // Said below, as for a key of another length.
    }
    throw new IllegalArgumentException(
        "'"
            + text
            + "' is not an Ed25519 public key: 60 characters of base64, as 'coppice keys show' prints.");
  }

  /** SHA-256 of its DER form in hexadecimal digits: what two people compare over the telephone. */
  public static String fingerprint(PublicKey key) {
    return fingerprint(Signatures.encode(key));
  }

  /**
   * The same of a key as the log has it.
   *
   * @param der X.509 SubjectPublicKeyInfo
   */
  public static String fingerprint(ByteBuffer der) {
    ByteBuffer digest = ContentDigest.ofBytes(der);
    byte[] bytes = new byte[digest.remaining()];
    digest.duplicate().get(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
