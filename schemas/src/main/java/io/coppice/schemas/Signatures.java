package io.coppice.schemas;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.X509EncodedKeySpec;

/**
 * Ed25519 (RFC 8032) over {@link ContentDigest content digests}: how an agent vouches for a submission, and how everybody else
 * checks it. The shards need no signature of their own, because the submission holds their SHA-256.
 */
public final class Signatures {

  private static final String ALGORITHM = "Ed25519";

  private Signatures() {}

  /** A fresh key pair. */
  public static KeyPair newKeyPair() {
    try {
      return KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw missing(e);
    }
  }

  /** A public key as it stands in {@link AgentJoined}: X.509 SubjectPublicKeyInfo, DER. */
  public static ByteBuffer encode(PublicKey key) {
    return ByteBuffer.wrap(key.getEncoded());
  }

  /**
   * The inverse of {@link #encode}.
   *
   * @throws IllegalArgumentException if the bytes are not an Ed25519 public key in that form
   */
  public static PublicKey publicKey(ByteBuffer der) {
    try {
      return KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(bytes(der)));
    } catch (InvalidKeySpecException e) {
      throw new IllegalArgumentException(
          "The public key is not an Ed25519 key as X.509 SubjectPublicKeyInfo in DER.", e);
    } catch (NoSuchAlgorithmException e) {
      throw missing(e);
    }
  }

  /**
   * Signs a submission.
   *
   * @param submission complete but for its signature, which is not looked at
   * @return 64 bytes for {@link UpdateSubmitted#setSignature}
   */
  public static ByteBuffer sign(UpdateSubmitted submission, PrivateKey key) {
    try {
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initSign(key);
      signature.update(ContentDigest.of(submission));
      return ByteBuffer.wrap(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "The submission cannot be signed: the key is not an Ed25519 private key.", e);
    }
  }

  /** Whether a submission carries the signature of the key's owner. */
  public static boolean isSignedBy(UpdateSubmitted submission, PublicKey key) {
    try {
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initVerify(key);
      signature.update(ContentDigest.of(submission));
      return signature.verify(bytes(submission.getSignature()));
    } catch (NoSuchAlgorithmException e) {
      throw missing(e);
    } catch (GeneralSecurityException e) {
      return false; // not even the form of a signature
    }
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private static AssertionError missing(NoSuchAlgorithmException e) {
    return new AssertionError("every Java platform since 15 has Ed25519", e);
  }
}
