package io.coppice.schemas.keys;

import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.List;

/** Ed25519 (RFC 8032) keys from what files hold; of others it says what they are. */
final class Ed25519Keys {

  private static final String ALGORITHM = "Ed25519";

  /** What else is found in key files. */
  private static final List<String> OTHERS =
      List.of("RSA", "EC", "Ed448", "X25519", "X448", "DSA", "DH");

  private Ed25519Keys() {}

  /**
   * A private key from PKCS#8.
   *
   * @param where for messages
   */
  static PrivateKey privateKey(String where, byte[] pkcs8) {
    PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(pkcs8);
    try {
      return KeyFactory.getInstance(ALGORITHM).generatePrivate(encoded);
    } catch (InvalidKeySpecException e) {
      for (String other : OTHERS) {
        if (isKeyOf(other, encoded)) {
          throw isOther(where, other);
        }
      }
      throw new KeyFileException(where + " holds a private key that cannot be read.", e);
    } catch (NoSuchAlgorithmException e) {
      throw missing(e);
    }
  }

  private static boolean isKeyOf(String algorithm, PKCS8EncodedKeySpec encoded) {
    try {
      return KeyFactory.getInstance(algorithm).generatePrivate(encoded) != null;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /**
   * The pair to which a private key belongs.
   *
   * <p>The public key of RFC 8032 is a function of the private one, but Java has no method for it. Its generator does have: it
   * takes 32 random bytes as the private key, and is given those of the key here. That they came out again is checked.
   */
  static KeyPair pair(String where, PrivateKey key) {
    if (!(key instanceof EdECPrivateKey edwards)
        || !edwards.getParams().getName().equals(NamedParameterSpec.ED25519.getName())) {
      throw isOther(
          where,
          key instanceof EdECPrivateKey other ? other.getParams().getName() : key.getAlgorithm());
    }
    byte[] secret =
        edwards
            .getBytes()
            .orElseThrow(
                () -> new KeyFileException(where + " does not give its private key away."));
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(ALGORITHM);
      generator.initialize(NamedParameterSpec.ED25519, new Given(secret));
      KeyPair pair = generator.generateKeyPair();
      if (!(pair.getPrivate() instanceof EdECPrivateKey again)
          || !Arrays.equals(again.getBytes().orElse(null), secret)) {
        throw new AssertionError("the generator of Ed25519 keys draws more than a private key");
      }
      return pair;
    } catch (NoSuchAlgorithmException | InvalidAlgorithmParameterException e) {
      throw missing(e);
    }
  }

  /** Makes sure that a public key which lies beside a pair is its own. */
  static void checkFits(String where, KeyPair pair, PublicKey beside) {
    if (!Arrays.equals(pair.getPublic().getEncoded(), beside.getEncoded())) {
      throw new KeyFileException(
          where + " holds a public key that does not belong to its private key.");
    }
  }

  private static KeyFileException isOther(String where, String algorithm) {
    return new KeyFileException(
        String.format(
            "%s holds a key for %s, but agents sign with Ed25519: 'coppice keys create' makes one.",
            where, algorithm));
  }

  private static AssertionError missing(GeneralSecurityException e) {
    return new AssertionError("every Java platform since 15 has Ed25519", e);
  }

  /** "Random" bytes that are known. */
  private static final class Given extends SecureRandom {
    private static final long serialVersionUID = 1;

    private final byte[] bytes;

    Given(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public void nextBytes(byte[] into) {
      System.arraycopy(bytes, 0, into, 0, into.length);
    }
  }
}
